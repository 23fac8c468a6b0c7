"""Which files differ from one commit to another, or in a worktree, and by how many lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweeptree.repository import plumbing

_PLAIN = ("--no-renames", "--no-ext-diff", "--no-textconv")


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of the commit to be: lines added and removed, None for a binary one."""

    path: str
    added: int | None
    removed: int | None


def numstat(data: bytes) -> dict[str, FileChange]:
    """The files in the answer of `git diff --numstat -z`, by their paths."""
    found = {}
    for entry in plumbing.names(data):
        added, removed, path = entry.split("\t", 2)
        found[path] = FileChange(path, _number(added), _number(removed))
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def lines_between(top: Path, old: str, new: str) -> tuple[FileChange, ...]:
    """The files that differ from one commit to another."""
    return tuple(
        numstat(
            plumbing.run(top, "diff-tree", "-r", "--numstat", "-z", "--no-renames", old, new)
        ).values()
    )


def merge_base(top: Path, first: str, second: str) -> str | None:
    """The commit that two lines of work have last in common; None where they share none."""
    answer = plumbing.ask(top, "merge-base", first, second)
    return answer.out.decode().split("\n", 1)[0] or None


def patch_between(top: Path, old: str, new: str, *, context: int) -> bytes:
    """What turns one commit into another, as a patch that `git apply` takes.

    `context`: unchanged lines round each hunk. The repository's own diff programs are not run, and
    its configuration changes nothing about the form; lines are matched as GitHub matches them.
    """
    return plumbing.run(
        top,
        *("-c", "core.quotePath=false", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=0"),
        *("diff", f"-U{context}", "--inter-hunk-context=0", "--diff-algorithm=myers"),
        *("--no-renames", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative"),
        *("--binary", "--full-index", "--submodule=short", "--ita-invisible-in-index"),
        *(old, new, "--"),
    )


def lines_since(top: Path, commit: str) -> tuple[FileChange, ...]:
    """The files of a worktree that differ from a commit, committed since or not; of files that git
    does not know there, none."""
    words = ("diff", "--numstat", "-z", *_PLAIN, commit, "--")
    return tuple(numstat(plumbing.run(top, *words)).values())


def patch_since(top: Path, commit: str) -> str:
    """The same as a patch for people: binary files are only named."""
    return plumbing.run(top, "diff", "--no-color", *_PLAIN, commit, "--").decode(errors="replace")
