"""`sweeptree curate`: a source that is none makes nothing."""

from pathlib import Path

import pytest

from core.cli_records import call


@pytest.mark.parametrize("words", [("--dry_run",), ("--dry_run", "--json")])
def test_a_source_that_is_missing_is_named_and_nothing_is_made(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = call("curate", "--source", "nowhere", "--out", "made", *words)
    assert ran.code != 0
    assert "nowhere" in ran.err and "Traceback" not in ran.err
    assert not any(tmp_path.iterdir())
