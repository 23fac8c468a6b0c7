"""`sweeptree init`: shows what it writes, asks, and overwrites nothing of anybody's."""

from pathlib import Path

import pytest

from core.cli_records import call

SHIM = "scripts/agents/orchestrator.py"


@pytest.fixture(autouse=True)
def _here(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)


def files_in(repo: Path) -> dict[str, bytes]:
    found = [path for path in repo.rglob("*") if path.is_file() and ".git/" not in str(path)]
    return {str(path.relative_to(repo)): path.read_bytes() for path in found}


def test_nothing_is_written_where_nobody_can_be_asked(repo: Path) -> None:
    before = files_in(repo)
    ran = call("init")
    assert ran.code == 3 and "--yes" in ran.err and SHIM in ran.out
    assert call("init", "--dry_run").code == 0
    assert files_in(repo) == before


def test_a_second_time_nothing_changes(repo: Path) -> None:
    assert call("init", "--yes").code == 0
    before = files_in(repo)
    ran = call("init", "--yes")
    assert ran.code == 0 and "everything is as it should be" in ran.err
    assert files_in(repo) == before
    assert call("init", "--check").code == 0


def test_a_file_that_somebody_changed_stays(repo: Path) -> None:
    call("init", "--yes")
    (repo / SHIM).write_text("mine\n")
    ran = call("init", "--yes")
    assert "changed by hand" in ran.out
    assert (repo / SHIM).read_text() == "mine\n"


def test_check_says_what_is_missing(repo: Path) -> None:
    call("init", "--yes")
    (repo / SHIM).unlink()
    ran = call("init", "--check")
    assert (ran.code, ran.out) == (1, f"missing: {SHIM}\n")


def test_one_part_alone(repo: Path) -> None:
    call("init", "--yes", "--only", "shims")
    assert (repo / SHIM).is_file()
    assert not (repo / ".mcp.json").exists()


def test_a_folder_that_leads_elsewhere_is_refused(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo / "scripts").symlink_to(tmp_path / "elsewhere")
    ran = call("init", "--yes")
    assert ran.code == 3 and "is a link" in ran.err
    assert not list((tmp_path / "elsewhere").iterdir())
