"""What a clean-up takes, and why the rest stays."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import make, modified, unpushed
from core.worktree_kit import make_pool
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import CleanOrder, Fate, clean

DAY = 86400.0


def fates(repo: Path, *, dry_run: bool = True, **options: object) -> dict[str, tuple[str, str]]:
    order = CleanOrder(**options)  # type: ignore[arg-type]
    found = clean(find_repository(repo), order, dry_run=dry_run)
    return {each.name: (each.fate.value, each.why) for each in found}


def unused_for(top: Path, days: float) -> None:
    entry = Path((top / ".git").read_text().removeprefix("gitdir: ").strip())
    for path in (entry / "index", entry / "HEAD", entry / "logs/HEAD", top):
        os.utime(path, (time.time() - days * DAY,) * 2)


def test_what_holds_nothing_goes_and_what_holds_work_stays(repo: Path) -> None:
    make(repo, "empty")
    modified(make(repo, "changed"))
    unpushed(make(repo, "ahead"))
    assert fates(repo, dry_run=False) == {
        "empty": ("removed", ""),
        "changed": ("kept", "it holds work: 1 changed file"),
        "ahead": ("kept", "it holds work: 1 commits that neither main nor a remote has"),
    }
    assert sorted(path.name for path in (repo / ".sweeptree/wt/_named").glob("[a-z]*[a-z]")) == [
        "ahead", "ahead.json", "changed", "changed.json",
    ]  # fmt: skip


def test_a_dry_run_says_the_same_and_removes_nothing(repo: Path) -> None:
    top = make(repo)
    assert fates(repo, dry_run=True) == {"plots": ("removed", "")}
    assert top.is_dir()


def test_with_salvage_work_is_saved_first(repo: Path) -> None:
    modified(make(repo))
    assert fates(repo, salvage=True, dry_run=False) == {"plots": ("saved and removed", "")}
    assert git("show", "refs/sweeptree/salvage/plots:train.py", cwd=repo).startswith("modified")


def test_only_merged_ones_go(repo: Path) -> None:
    top = make(repo)
    unpushed(top)
    assert fates(repo, merged=True, salvage=True)["plots"] == (
        "kept",
        "main lacks 1 of its commits",
    )
    git("merge", "-q", "sweeptree/worktree/plots", cwd=repo)
    assert fates(repo, merged=True)["plots"][0] == "removed"


def test_only_those_unused_for_long_go(repo: Path) -> None:
    make(repo, "young")
    unused_for(make(repo, "old"), 20)
    assert fates(repo, older_than=14 * DAY) == {
        "young": ("kept", "it was used less than a minute ago"),
        "old": ("removed", ""),
    }


def test_the_last_used_stay(repo: Path) -> None:
    for days, name in enumerate("abc"):
        unused_for(make(repo, name), days)
    found = fates(repo, keep=2)
    assert [found[name][0] for name in "abc"] == ["kept", "kept", "removed"]
    assert found["a"][1] == "it is one of the 2 last used"


def test_the_longest_unused_go_until_there_is_room(repo: Path) -> None:
    for days, name in enumerate("abc"):
        top = make(repo, name)
        with (top / "ecg/__pycache__").mkdir() or (top / "ecg/__pycache__/x").open("wb") as out:
            out.write(bytes(3 << 20))
        unused_for(top, days)
    found = fates(repo, max_disk=7)
    assert [found[name][0] for name in "abc"] == ["kept", "kept", "removed"]
    assert found["b"][1] == "there is room for it"


def test_what_somebody_uses_or_locked_stays(repo: Path) -> None:
    git("worktree", "lock", make(repo, "locked"), cwd=repo)
    top = make(repo, "used")
    with subprocess.Popen(["sleep", "60"], cwd=top) as process:
        found = fates(repo, salvage=True, dry_run=False)
        process.kill()
    assert found["locked"] == ("kept", "it is locked")
    assert found["used"][1] == f"process {process.pid} (sleep) works in it"


def test_foreign_worktrees_are_not_even_judged(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "--detach", tmp_path / "theirs", cwd=repo)
    assert fates(repo, salvage=True, dry_run=False) == {}
    assert (tmp_path / "theirs").is_dir()


@pytest.mark.parametrize("salvage", [False, True])
def test_a_kept_job_is_judged_like_any_other(repo: Path, salvage: bool) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        (worktree.top / "train.py").write_text("changed")
        pool.release(worktree, keep=True, index=3)
    fate = Fate.SAVED if salvage else Fate.KEPT
    assert fates(repo, salvage=salvage)["exp/job_3"][0] == fate
