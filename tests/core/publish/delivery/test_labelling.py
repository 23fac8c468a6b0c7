"""Labels for a pull request: what a dry run says, and where there is no forge."""

from pathlib import Path

import pytest

from sweeptree.errors import Refused
from sweeptree.publish.delivery import Context, Options, label_pull


def test_a_dry_run_asks_nobody(repo: Path, tmp_path: Path) -> None:
    options = Options(labels=("a",), dry_run=True)
    assert label_pull(repo, 1, options, Context({}, tmp_path)) == ("would add the labels a",)


def test_without_a_forge_nobody_can_be_asked(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no forge"):
        label_pull(repo, 1, Options(labels=("a",)), Context({}, tmp_path))
