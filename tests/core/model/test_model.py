"""The door of the nouns: all of them are there, whenever they are asked for."""

import pytest

from sweeptree import model


def test_every_noun_is_there() -> None:
    assert all(getattr(model, name).__name__ for name in model.__all__ if name != "Scalar")


def test_there_is_no_other() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Study'"):
        _ = model.Study  # type: ignore[attr-defined]
