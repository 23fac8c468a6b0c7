"""What a keeper wrote is read back, or it is none."""

from pathlib import Path

import pytest
from helpers import no_file_handles

from sweeptree import supervise


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"state": "odd"}', "\0" * 100, '{"state": {}, "gpus": 7}']
)
def test_an_outcome_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "outcome").write_text(text)
    assert supervise.read_outcome(tmp_path / "outcome") is None


def test_a_lack_of_file_handles_is_not_a_missing_outcome(tmp_path: Path) -> None:
    (tmp_path / "outcome").write_text("{}")
    with no_file_handles(), pytest.raises(OSError, match="Too many open files"):
        supervise.read_outcome(tmp_path / "outcome")
