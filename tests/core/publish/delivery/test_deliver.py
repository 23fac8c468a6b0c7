"""From a worktree to a branch, where no forge is needed."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import TOKEN, commit, tip
from sweeptree.errors import Refused
from sweeptree.publish.delivery import Context, Options, deliver, publish_commit

PLAIN = Options(title="Wider")


def test_a_folder_gets_the_branch(worktree: Path, bare: Path, context: Context) -> None:
    done = deliver(worktree, "wider", PLAIN, context)
    assert (done.state, tip(bare, "wider"), len(done.steps)) == ("pushed", done.commit, 2)
    assert deliver(worktree, "wider", PLAIN, context).state == "unchanged"


def test_a_dry_run_makes_nothing(worktree: Path, bare: Path, context: Context) -> None:
    before = git("for-each-ref", cwd=worktree), git("count-objects", cwd=worktree)
    done = deliver(worktree, "wider", replace(PLAIN, dry_run=True), context)
    assert done.state == "planned" and tip(bare, "wider") == ""
    assert (git("for-each-ref", cwd=worktree), git("count-objects", cwd=worktree)) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "hint"),
    [("main", ""), ("mian", "origin/mian is not known"), (None, "set-head origin")],
)
def test_a_plan_says_what_it_cannot_know(
    worktree: Path, context: Context, base: str | None, hint: str
) -> None:
    git("remote", "set-head", "origin", "--delete", cwd=worktree)
    done = deliver(worktree, "wider", replace(PLAIN, base=base, dry_run=True), context)
    assert hint in done.hints[-1] if hint else len(done.hints) == 1


def test_no_push_keeps_it_here_and_says_how_to_push(worktree: Path, context: Context) -> None:
    done = deliver(worktree, "wider", replace(PLAIN, push=False), context)
    assert (done.state, done.hints[-1]) == ("local", "git push origin wider")
    assert git("rev-parse", "wider", cwd=worktree) == done.commit


def test_a_commit_is_delivered_as_it_is(repo: Path, bare: Path, context: Context) -> None:
    made = commit(repo, "train.py", "tuned\n")
    assert publish_commit(repo, "wider", made, PLAIN, context).state == "pushed"
    assert tip(bare, "wider") == made


def test_a_commit_s_message_is_looked_at(repo: Path, bare: Path, context: Context) -> None:
    made = commit(repo, "train.py", "tuned\n", message=f"use {TOKEN}")
    with pytest.raises(Refused, match=f"the message of commit {made[:12]} holds"):
        publish_commit(repo, "wider", made, PLAIN, context)
    assert tip(bare, "wider") == ""


def test_a_changed_submodule_goes_in_and_its_commit_is_named(
    worktree: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    inner = tmp_path / "inner"
    git("init", "-q", inner, cwd=tmp_path)
    commit(inner, "a", "1\n")
    allow = ("-c", "protocol.file.allow=always")
    git(*allow, "submodule", "--quiet", "add", inner, "sub", cwd=worktree)
    git("commit", "-q", "-am", "sub", cwd=worktree)
    moved = commit(worktree / "sub", "a", "2\n")
    done = deliver(worktree, "wider", PLAIN, context)
    assert git("rev-parse", "wider:sub", cwd=worktree) == moved
    assert "the submodule sub is on a commit that is not pushed" in done.warnings[0]


def test_a_file_that_became_a_folder_goes_in(worktree: Path, bare: Path, context: Context) -> None:
    (worktree / "train.py").unlink()
    (worktree / "train.py").mkdir()
    (worktree / "train.py" / "a").write_text("1\n")
    deliver(worktree, "wider", PLAIN, context)
    assert git("show", "wider:train.py/a", cwd=worktree) == "1"


def test_a_name_with_a_line_break_is_named(worktree: Path, bare: Path, context: Context) -> None:
    (worktree / "a\nb.md").write_text("odd\n")
    done = deliver(worktree, "wider", PLAIN, context)
    assert done.warnings == (r"the file name a\nb.md holds control characters",)
