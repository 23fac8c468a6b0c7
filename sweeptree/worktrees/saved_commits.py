"""Refs for commits that a job made, which nothing would name once its worktree is gone.

Hides: where a worktree's own files name commits, and that `git gc` deletes what no ref leads to as
soon as a worktree is gone, because a reflog goes with its worktree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from sweeptree.errors import GitError
from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository
from sweeptree.worktrees.registry import read

_SHA = re.compile(rb"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")


def named_commits(entry: Path) -> list[str]:
    """Commits that a worktree's own files name: HEAD, its history, and refs that only it has."""
    found: dict[str, None] = {}
    for file in _files_with_commits(entry):
        for commit in _SHA.findall(read(file) or b""):
            found[commit.decode()] = None
    return [commit for commit in found if set(commit) != {"0"}]


def _files_with_commits(entry: Path) -> list[Path]:
    heads = sorted(entry.glob("*HEAD"))
    refs = sorted((entry / "refs").rglob("*"))
    return [file for file in (*heads, entry / "logs" / "HEAD", *refs) if _is_own_file(file)]


def _is_own_file(file: Path) -> bool:
    return file.name != "FETCH_HEAD" and not file.is_symlink() and file.is_file()


def save_commits(
    repo: Repository, prefix: str, commits: Iterable[str], base: str | None
) -> list[str]:
    """Give each commit that no ref leads to a ref `prefix`-<hash8>; returns the refs made.

    Raises GitError for one whose files a gc has deleted in part: its worktree is all that is left.
    """
    wanted = [commit for commit in commits if commit != base]
    tips = unreachable_tips(repo, wanted, base)
    refs = {f"{prefix}-{tip[:8]}": tip for tip in tips}
    if refs:
        _make_refs(repo, refs)
        _check_whole(repo, refs)
    return list(refs)


def _check_whole(repo: Repository, refs: Mapping[str, str]) -> None:
    """Look whether everything that the refs lead to is there; a broken ref would stop every gc."""
    others = ("--not", "--exclude=refs/sweeptree/*", "--all")
    broken = {
        ref: tip
        for ref, tip in refs.items()
        if plumbing.ask(repo.start, "rev-list", "--objects", "--quiet", tip, *others).code
    }
    if not broken:
        return
    orders = "".join(f"delete {ref} {tip}\n" for ref, tip in broken.items())
    plumbing.run(repo.start, "update-ref", "--stdin", call=plumbing.Call(orders.encode()))
    names = ", ".join(tip[:12] for tip in broken.values())
    raise GitError(
        f"objects of the commit {names} are gone: a `git gc --prune=now` deleted them",
        hint="the files are in the worktree still",
    )


def unreachable_tips(
    repo: Repository, commits: Iterable[str], base: str | None = None
) -> list[str]:
    """Those of the commits that no ref leads to, without the ancestors of others among them."""
    wanted = [*commits, *([f"^{base}"] if base else [])]
    if not wanted:
        return []
    words = ("rev-list", "--ignore-missing", "--parents", "--stdin")
    known = ("--not", "--single-worktree", "--all")
    call = plumbing.Call("".join(f"{commit}\n" for commit in wanted).encode())
    listing = plumbing.run(repo.start, *words, *known, call=call)
    rows = [line.decode().split() for line in listing.splitlines()]
    parents = {parent for row in rows for parent in row[1:]}
    return [row[0] for row in rows if row[0] not in parents]


def _make_refs(repo: Repository, refs: dict[str, str]) -> None:
    orders = "".join(f"update {ref} {commit}\n" for ref, commit in refs.items())
    call = plumbing.Call(orders.encode())
    plumbing.run(repo.start, *plumbing.DURABLE, "update-ref", "--stdin", call=call)
