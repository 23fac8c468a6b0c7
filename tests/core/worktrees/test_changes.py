"""What a job changed, and the branch that holds it."""

from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import make_pool, sh
from sweeptree.errors import WorktreeGone
from sweeptree.model import Worktree
from sweeptree.repository import find_repository, in_place, resolve_base
from sweeptree.worktrees import changes


def test_untouched_worktree_has_no_changes(worktree: Worktree) -> None:
    assert (worktree.top / "data/x.csv").exists()
    assert (worktree.top / "a.secret").exists()
    found = changes(worktree)
    assert (found.tracked, found.made, found.notes) == ((), (), ())


@pytest.mark.parametrize(
    ("script", "tracked", "made"),
    [
        ("echo x >> train.py", ("train.py",), ()),
        ("rm train.py", ("train.py",), ()),
        ("chmod +x train.py", ("train.py",), ()),
        ("touch train.py", (), ()),
        ("printf X | dd of=train.py conv=notrunc", ("train.py",), ()),
        ("echo x >> train.py; git commit -qam x", ("train.py",), ()),
        ("echo x > new.py; git add new.py", ("new.py",), ()),
        (
            "echo x > new.py; git add new.py; git commit -qm x; echo y > other",
            ("new.py",),
            ("other",),
        ),
        ("mkdir results; echo x > results/a; echo y > b", (), ("b", "results/a")),
        ("git update-index --skip-worktree train.py; echo x >> train.py", ("train.py",), ()),
        ("git checkout -q -b br; echo x >> ecg/model.py", ("ecg/model.py",), ()),
        ("echo x > \"$(printf 'a\\nb')\"; echo x > 'ü \"q\"'", (), ("a\nb", 'ü "q"')),
        ("rm -r ecg; ln -s /etc ecg", ("ecg/model.py",), ("ecg",)),
        ('echo broken > "$(git rev-parse --git-dir)/index"; echo x >> train.py', ("train.py",), ()),
        ("rm a.secret data", (), ()),
        ("rm data; mkdir data; echo x > data/new.npz", (), ("data/new.npz",)),
        ("rm data; ln -s /elsewhere data", (), ("data",)),
        ("rm data; mkdir data; echo x > data/n; git add -f data/n", ("data/n",), ()),
        ("echo edited > a.secret", (), ("a.secret",)),
        ("printf t > a.secret", (), ("a.secret",)),
        ("rm a.secret; ln -s train.py a.secret", (), ("a.secret",)),
        ("touch a.secret; echo through > data/x.csv", (), ()),
    ],
)
def test_changes_are_told_from_files_made(
    worktree: Worktree, script: str, tracked: tuple, made: tuple
) -> None:
    sh(worktree, script)
    found = changes(worktree)
    assert (found.tracked, found.made) == (tracked, made)


def test_removed_worktree_is_an_error(worktree: Worktree) -> None:
    sh(worktree, "rm .git")
    with pytest.raises(WorktreeGone, match="removed or replaced"):
        changes(worktree)


def test_changes_in_place_are_nobodys(repo: Path) -> None:
    found = find_repository(repo)
    (repo / "train.py").write_text("")
    assert changes(in_place(found, resolve_base(found, "HEAD"))).tracked == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("true", ()),
        ("echo x > sub/made.txt", ("sub/",)),
        ("git -C sub commit -q --allow-empty -m work", ("sub/",)),
    ],
)
def test_work_in_a_populated_submodule_is_seen(
    repo: Path, tmp_path: Path, script: str, found: tuple[str, ...]
) -> None:
    git("clone", "-q", repo, tmp_path / "other", cwd=tmp_path)
    allow = ("-c", "protocol.file.allow=always")
    git(*allow, "submodule", "add", "-q", tmp_path / "other", "sub", cwd=repo)
    git("commit", "-q", "-m", "with a submodule", cwd=repo)
    with make_pool(repo) as pool:
        worktree = pool.acquire(0)
        sh(worktree, f"git {' '.join(allow)} submodule update -q --init; {script}")
        assert changes(worktree).made == found
