"""A model's work as task runs: nothing of it is cached or kept."""

import pytest

from sweeptree.engine.model_runs import durable

pytest.importorskip("pydantic_ai")


def test_the_capability_is_prefects() -> None:
    (capability,) = durable()
    assert type(capability).__name__ == "PrefectDurability"
