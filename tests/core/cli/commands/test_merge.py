"""`sweeptree merge WORKTREE`: what a person sees of the merge before they say yes, without any
forge."""

import contextlib
import io
import json
from pathlib import Path
from unittest import mock

import pytest
from helpers import git

from core.cli_records import Ran, Terminal, call

ESCAPE = "\x1b]0;title\x07"


@pytest.fixture
def feature(repo: Path, tmp_path: Path) -> Path:
    """A worktree one commit ahead of main: a line changed, a hostile line, and a binary file."""
    top = tmp_path / "feature"
    git("worktree", "add", "-q", "-b", "feature", top, cwd=repo)
    (top / "train.py").write_text(f"print('wide')\n# {ESCAPE}\n")
    (top / "weights.bin").write_bytes(bytes(range(256)))
    git("add", "-A", cwd=top)
    git("commit", "-q", "-m", "wide", cwd=top)
    return top


def merge(repo: Path, *words: object, answer: str | None = None) -> Ran:
    stdin = Terminal(answer) if answer is not None else io.StringIO()
    with contextlib.chdir(repo), mock.patch("sys.stdin", stdin):
        return call("merge", *map(str, words), "--base", "main", "--test_command", "true")


def test_a_dry_run_shows_the_files_and_the_diff(repo: Path, feature: Path) -> None:
    before = git("for-each-ref", cwd=repo)
    done = merge(repo, feature, "--dry_run")
    assert (done.code, git("for-each-ref", cwd=repo)) == (0, before)
    assert "train.py  +2 -" in done.out and "weights.bin  binary" in done.out
    assert "+print('wide')" in done.out and "Binary files" in done.out and "\x1b" not in done.out


@pytest.mark.parametrize(("answer", "lands"), [("y\n", True), ("\n", False)])
def test_the_diff_is_shown_before_the_question(
    repo: Path, feature: Path, answer: str, lands: bool
) -> None:
    before = git("rev-parse", "main", cwd=repo)
    done = merge(repo, feature, answer=answer)
    assert (done.code, done.out.count("+print('wide')")) == (0, 1)
    assert (git("rev-parse", "main", cwd=repo) != before) == lands
    assert ("merged feature into main" in done.out) == lands


def test_a_long_diff_is_named_by_its_command(repo: Path, feature: Path) -> None:
    (feature / "long.txt").write_text("line\n" * 500)
    git("add", "-A", cwd=feature)
    git("commit", "-q", "-m", "long", cwd=feature)
    done = merge(repo, feature, "--dry_run")
    base, head = (git("rev-parse", name, cwd=repo)[:12] for name in ("main", "feature"))
    assert f"git diff {base}...{head}" in done.out and "+line" not in done.out


def test_a_diff_program_of_the_repository_is_not_run(
    repo: Path, feature: Path, tmp_path: Path
) -> None:
    for name in ("diff.external", "diff.trap.textconv", "diff.trap.command"):
        git("config", name, f"touch {tmp_path}/ran #", cwd=repo)
    (repo / ".git" / "info" / "attributes").write_text("* diff=trap\n")
    assert "+print('wide')" in merge(repo, feature, "--dry_run").out
    assert not (tmp_path / "ran").exists()


def test_json_has_the_files_with_their_lines(repo: Path, feature: Path) -> None:
    decision = json.loads(merge(repo, feature, "--dry_run", "--json").out)
    assert decision["files"][1] == {"path": "weights.bin", "added": None, "removed": None}
    assert decision["state"] == "planned"


def test_json_has_the_report_of_the_agent_with_the_diff(repo: Path, feature: Path) -> None:
    report = json.loads(merge(repo, feature, "--dry_run", "--json").out)["report"]
    assert (report["state"], report["decision"]) == ("done", "planned")
    assert "+print('wide')" in report["diff"]


def test_a_dry_run_names_work_in_the_base_s_checkout(repo: Path, feature: Path) -> None:
    (repo / "train.py").write_text("in the middle\n")
    planned, real = merge(repo, feature, "--dry_run"), merge(repo, feature, "--yes")
    assert (planned.code, planned.err) == (3, real.err) and real.code == 3
    assert "is on main and has changes" in planned.err
