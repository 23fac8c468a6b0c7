"""What others have shared, as folders here."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import clone
from core.publish.sharing.kit import made, sweep_at, target_of
from sweeptree.errors import Refused, UsageError
from sweeptree.publish.delivery import Context
from sweeptree.publish.sharing import fetch, share
from sweeptree.publish.sharing.files import MAX_FILE
from sweeptree.records import iter_sweeps
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
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == [".lock", "x"]


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


def test_a_small_pack_that_holds_terabytes_fills_no_disk(
    repo: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    blob = made(repo, "0" * MAX_FILE, "hash-object", "-w", "--stdin")
    entries = [f"100644 blob {blob}\tjob_{n}.meta.json" for n in range(200)]
    tree = made(repo, "\n".join(entries) + "\n", "mktree")
    commit = git("commit-tree", tree, "-m", "bomb", cwd=repo)
    git("push", "-q", bare, f"{commit}:{RESULTS}/x", cwd=repo)
    done = fetch(repo, target_of(repo, context), tmp_path / "shared")
    assert done.left_out == ("x: 184 files beyond 256.0 MiB",)
    assert len(list((tmp_path / "shared" / "x").glob("job_*"))) == 16


def test_a_ref_that_is_no_commit_costs_nobody_the_others(
    repo: Path, other: Path, context: Context, tmp_path: Path
) -> None:
    blob = made(repo, "text", "hash-object", "-w", "--stdin")
    git("push", "-q", "origin", f"{blob}:{RESULTS}/bad", cwd=repo)
    done = fetch(other, target_of(other, context), tmp_path / "shared")
    assert (done.news, done.total) == (("x",), 2)
    assert done.left_out == ("bad: what stands there are no results of a sweep",)


def test_a_link_in_the_place_of_the_folder_is_refused(
    other: Path, context: Context, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shared").symlink_to("elsewhere")
    with pytest.raises(Refused, match="is a link"):
        fetch(other, target_of(other, context), tmp_path / "shared" / "origin")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_second_fetch_waits_for_the_first(other: Path, context: Context, tmp_path: Path) -> None:
    target = target_of(other, context)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: fetch(other, target, tmp_path / "shared"), range(4)))
    assert sorted(each.news for each in done) == [(), (), (), ("x",)]


def test_a_folder_that_was_left_half_written_is_no_sweep(
    other: Path, context: Context, tmp_path: Path
) -> None:
    sweep_at(tmp_path / "shared" / ".x.new")
    assert list(iter_sweeps(tmp_path / "shared")) == []
    fetch(other, target_of(other, context), tmp_path / "shared")
    assert [each.root.name for each in iter_sweeps(tmp_path / "shared")] == ["x"]
