"""All worktrees at a glance."""

import os
import shutil
import subprocess
from pathlib import Path

from helpers import git

from core.manager_kit import make, modified, unpushed
from core.worktree_kit import make_pool
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import Row, survey
from sweeptree.worktrees.manager.survey import tree_size


def rows(repo: Path) -> dict[str, Row]:
    return {row.name: row for row in survey(find_repository(repo))}


def test_it_says_what_is_in_each(repo: Path) -> None:
    top = make(repo)
    unpushed(top)
    modified(top)
    (top / "new.py").write_text("x")
    row = rows(repo)["plots"]
    assert (row.branch, row.base) == ("sweeptree/worktree/plots", "main")
    assert (row.ahead, row.behind, row.changed, row.made) == (1, 0, 1, 1)
    assert row.unpushed is None and row.size > 0 and row.age < 3600


def test_it_says_who_uses_each(repo: Path) -> None:
    top = make(repo, lease_pid=os.getpid())
    with make_pool(repo) as pool:
        job = pool.acquire(0)
        with subprocess.Popen(["sleep", "60"], cwd=top) as process:
            found = rows(repo)
            process.kill()
        assert found["exp/slot_0"].users == ("sweep exp",)
        assert job.top == Path(found["exp/slot_0"].path)
    assert f"process {os.getpid()} (lease)" in found["plots"].users
    assert f"process {process.pid} (sleep)" in found["plots"].users


def test_it_tells_ours_from_others(repo: Path, tmp_path: Path) -> None:
    make(repo)
    git("worktree", "add", "-q", "--detach", tmp_path / "theirs", cwd=repo)
    assert {name: row.is_ours for name, row in rows(repo).items()} == {
        "(main)": False,
        "plots": True,
        str(tmp_path / "theirs"): False,
    }


def test_what_is_wrong_is_said(repo: Path) -> None:
    shutil.rmtree(make(repo, "gone"))
    git("worktree", "lock", make(repo, "stuck"), cwd=repo)
    found = rows(repo)
    assert (found["gone"].trouble, found["stuck"].trouble) == ("its folder is gone", "locked")


def test_what_sweeptree_put_there_is_no_change(repo: Path) -> None:
    (repo / "data").mkdir()
    make(repo)
    assert rows(repo)["plots"].made == 0


def test_a_sparse_file_counts_what_it_takes(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as out:
        out.truncate(1 << 30)
    assert tree_size(tmp_path) < 1 << 20
