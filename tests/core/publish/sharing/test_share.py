"""A sweep's results on the remote."""

from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import TOKEN, clone
from core.publish.sharing.kit import sweep_at, target_of
from sweeptree.errors import PushError, Refused
from sweeptree.publish.delivery import Context
from sweeptree.publish.sharing import share
from sweeptree.repository import results_refs
from sweeptree.repository.results_refs import PENDING, RESULTS

REF = f"{RESULTS}/x"


def at_remote(bare: Path) -> str:
    return git("rev-parse", "--verify", "-q", REF, cwd=bare, check=False)


def test_the_ref_stands_on_the_remote_and_no_branch_moves(
    repo: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    before = git("for-each-ref", "refs/heads", cwd=bare)
    done = share(repo, sweep_at(tmp_path / "x"), "x", target_of(repo, context))
    assert (at_remote(bare), done.is_news, done.files) == (done.commit, True, 4)
    assert git("for-each-ref", "refs/heads", cwd=bare) == before
    assert "sharing" not in git("for-each-ref", cwd=repo)


def test_the_same_again_changes_nothing(
    repo: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    root = sweep_at(tmp_path / "x")
    first = share(repo, root, "x", target_of(repo, context))
    again = share(repo, root, "x", target_of(repo, context))
    assert (again.is_news, again.commit, at_remote(bare)) == (False, first.commit, first.commit)


def test_what_has_changed_stands_on_top(
    repo: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    first = share(repo, sweep_at(tmp_path / "x"), "x", target_of(repo, context))
    second = share(repo, sweep_at(tmp_path / "y", jobs=3), "x", target_of(repo, context))
    assert git("rev-parse", f"{second.commit}^", cwd=bare) == first.commit


def test_results_of_somebody_else_are_left_alone(
    repo: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    other = clone(bare, tmp_path / "other")
    theirs = share(other, sweep_at(tmp_path / "x"), "x", target_of(other, context))
    with pytest.raises(PushError, match="were not shared from here") as caught:
        share(repo, sweep_at(tmp_path / "y"), "x", target_of(repo, context))
    assert "--as x-2" in caught.value.hint[1]
    assert at_remote(bare) == theirs.commit


def test_a_push_whose_end_nobody_saw_is_ours(
    repo: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    commit = results_refs.write_commit(repo, f"{PENDING}/x", {"sweep.json": b"{}"}, "m", None)
    git("push", "-q", "origin", f"{commit}:{REF}", cwd=repo)
    done = share(repo, sweep_at(tmp_path / "x"), "x", target_of(repo, context))
    assert at_remote(bare) == done.commit != commit


def test_a_secret_stops_everything(
    repo: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    root = sweep_at(tmp_path / "x", cmd=f"train {TOKEN}")
    with pytest.raises(Refused, match="must not be pushed"):
        share(repo, root, "x", target_of(repo, context))
    assert at_remote(bare) == ""


def test_without_a_remote_it_is_refused(repo: Path, context: Context, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no remote"):
        share(repo, sweep_at(tmp_path / "x"), "x", target_of(repo, context))
