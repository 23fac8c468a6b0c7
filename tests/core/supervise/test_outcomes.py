"""What a keeper wrote is read back, or it is none."""

from pathlib import Path

import pytest

from sweeptree import supervise


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"state": "odd"}', "\0" * 100, '{"state": {}, "gpus": 7}']
)
def test_an_outcome_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "outcome").write_text(text)
    assert supervise.read_outcome(tmp_path / "outcome") is None
