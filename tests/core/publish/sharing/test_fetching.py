"""What others have shared, as folders here."""

from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import clone
from core.publish.sharing.kit import sweep_at, target_of
from sweeptree.errors import UsageError
from sweeptree.publish.delivery import Context
from sweeptree.publish.sharing import fetch, share
from sweeptree.repository.results_refs import RESULTS


@pytest.fixture
def other(repo: Path, bare: Path, context: Context, tmp_path: Path) -> Path:
    """A clone; the sweep x was shared from the first repository."""
    share(repo, sweep_at(tmp_path / "x"), "x", target_of(repo, context))
    return clone(bare, tmp_path / "other")


def test_the_files_are_those_that_were_shared(
    other: Path, context: Context, tmp_path: Path
) -> None:
    done = fetch(other, target_of(other, context), tmp_path / "shared")
    assert (done.news, done.total) == (("x",), 1)
    for name in ("sweep.json", "job_1.meta.json"):
        fetched = tmp_path / "shared" / "x" / name
        assert fetched.read_bytes() == (tmp_path / "x" / name).read_bytes()


def test_what_is_here_is_not_fetched_again(other: Path, context: Context, tmp_path: Path) -> None:
    fetch(other, target_of(other, context), tmp_path / "shared")
    mark = tmp_path / "shared" / "x" / "report.html"
    mark.write_text("made here")
    assert fetch(other, target_of(other, context), tmp_path / "shared").news == ()
    assert mark.exists()


def test_a_change_replaces_the_folder(
    repo: Path, other: Path, context: Context, tmp_path: Path
) -> None:
    fetch(other, target_of(other, context), tmp_path / "shared")
    share(repo, sweep_at(tmp_path / "y", jobs=1), "x", target_of(repo, context))
    assert fetch(other, target_of(other, context), tmp_path / "shared").news == ("x",)
    assert not (tmp_path / "shared" / "x" / "job_1.meta.json").exists()
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["x"]


def test_a_folder_that_was_lost_is_written_again(
    other: Path, context: Context, tmp_path: Path
) -> None:
    fetch(other, target_of(other, context), tmp_path / "one")
    assert fetch(other, target_of(other, context), tmp_path / "two").news == ("x",)


def test_hostile_trees_and_names_do_no_harm(
    repo: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    (repo / "job_0.meta.json").symlink_to("/etc/passwd")
    (repo / "evil.sh").write_text("echo")
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "evil", cwd=repo)
    for name in ("x", "y.lock-", "-z"):
        git("push", "-q", "origin", f"HEAD:{RESULTS}/{name}", cwd=repo)
    done = fetch(repo, target_of(repo, context), tmp_path / "shared")
    assert [path.name for path in (tmp_path / "shared" / "x").iterdir()] == [".commit"]
    assert len(done.left_out) == 1


def test_no_branch_and_no_file_of_the_checkout_changes(
    other: Path, context: Context, tmp_path: Path
) -> None:
    before = git("for-each-ref", "refs/heads", "refs/remotes", cwd=other)
    fetch(other, target_of(other, context), tmp_path / "shared")
    assert git("for-each-ref", "refs/heads", "refs/remotes", cwd=other) == before
    assert git("status", "--porcelain", cwd=other) == ""


def test_a_remote_whose_name_holds_a_slash_is_a_usage_error(
    other: Path, context: Context, tmp_path: Path
) -> None:
    git("remote", "rename", "origin", "team/hub", cwd=other)
    with pytest.raises(UsageError, match="cannot be the name of a folder"):
        fetch(other, target_of(other, context, "team/hub"), tmp_path / "shared")
