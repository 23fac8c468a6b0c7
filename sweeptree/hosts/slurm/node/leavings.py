"""What a job left in its worktree, before that goes: files to the results, changed tracked files as
a commit in the user's repository.

Hides which of the files that stand there are the job's.
"""

from __future__ import annotations

import contextlib
import os
import stat

from sweeptree.hosts.slurm.node.git import git
from sweeptree.supervise.files import SetupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sweeptree.hosts.slurm.node.checkout import Checkout

# The user's repository takes a ref and runs nothing.
_RECEIVE = (
    "--receive-pack=git -c core.hooksPath=/dev/null -c receive.autogc=false -c gc.auto=0"
    " receive-pack"
)
_NOTHING_MADE = 'Files that a job made\n\n{"staged": []}'
_NO_OBJECT = b"0" * 40
# Modes in git's index.
_GONE, _FILE, _PROGRAM, _LINK = b"0", b"100644", b"100755", b"120000"


def keep(checkout: Checkout, told: dict[str, Any], attempt: int) -> dict[str, Any]:
    """Keep it. What was kept and what not, by the names that the outcome has for it."""
    try:
        tracked, made = _changes(checkout, told["commit"])
    except SetupError as error:
        return {"notes": [str(error)], "artifacts": [], "left": 1}
    if not tracked and not made:
        return {"notes": [], "artifacts": [], "left": 0}

    found = _files(checkout, told, tracked, made)
    found["changed"] = sorted(tracked)
    if tracked:
        commit = _commit(checkout, told, tracked, attempt)
        found["notes"] += commit.pop("notes", [])
        found.update(commit)
    return found


def _changes(checkout: Checkout, commit: str) -> tuple[list[str], list[str]]:
    """Tracked files that differ from the commit, and files that git does not know."""
    differ = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules")
    tracked = _names(git(checkout.top, *checkout.lfs(), *differ, commit))
    made = _names(git(checkout.top, "ls-files", "-z", "--others"))
    return tracked, [path for path in made if not checkout.is_untouched(path)]


def _files(
    checkout: Checkout, told: dict[str, Any], tracked: list[str], made: list[str]
) -> dict[str, Any]:
    from pathlib import Path  # only here: many a job leaves nothing

    from sweeptree.sweep import artifacts

    kept = artifacts.keep(
        Path(checkout.top),
        (*tracked, *made),
        Path(told["artifacts"]),
        movable=made,
        cap_bytes=told["artifacts_cap"],
    )
    return {"notes": list(kept.skipped), "artifacts": list(kept.names), "left": kept.left}


def _commit(
    checkout: Checkout, told: dict[str, Any], tracked: list[str], attempt: int
) -> dict[str, Any]:
    """Their content as a commit under a ref of its own, in the form that the driver puts into a
    worktree again: tracked files on top of the base, and on top of that what was made (nothing:
    those are artifacts)."""
    ref = f"{told['quarantine']}/{told['job']}/{attempt}"
    try:
        tree = _tree(checkout, told["commit"], tracked)
        first = _commit_of(checkout, tree, told["commit"], "Changed tracked files")
        commit = _commit_of(checkout, tree, first, _NOTHING_MADE)
        push = ("push", "-q", "--no-verify", _RECEIVE, told["repo"], f"+{commit}:{ref}")
        git(checkout.top, *push)
    except (SetupError, OSError) as error:
        return {"notes": [f"the job's changes are only among its artifacts: {error}"]}
    return {"commit": commit, "ref": ref}


def _tree(checkout: Checkout, commit: str, paths: list[str]) -> str:
    """The commit's tree with these files as they stand, byte for byte; without those that are
    gone."""
    index = checkout.top + ".index"
    entries = b"".join(_entry(checkout, path) for path in paths)
    try:
        git(checkout.top, "read-tree", commit, index=index)
        git(checkout.top, "update-index", "-z", "--index-info", data=entries, index=index)
        return _word(git(checkout.top, "write-tree", index=index))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(index)


def _entry(checkout: Checkout, path: str) -> bytes:
    """One line for the index."""
    file = os.path.join(checkout.top, path)
    try:
        mode = os.lstat(file).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _line(_GONE, _NO_OBJECT, path)

    if stat.S_ISLNK(mode):
        target = os.fsencode(os.readlink(file))
        return _line(_LINK, _blob(checkout, target), path)

    with open(file, "rb") as content:
        blob = _blob(checkout, content.read())
    is_program = mode & stat.S_IXUSR
    return _line(_PROGRAM if is_program else _FILE, blob, path)


def _line(mode: bytes, blob: bytes, path: str) -> bytes:
    return b"%s %s\t%s\0" % (mode, blob, os.fsencode(path))


def _blob(checkout: Checkout, data: bytes) -> bytes:
    words = ("hash-object", "-w", "--no-filters", "--stdin")
    return git(checkout.top, *words, data=data).strip()


def _commit_of(checkout: Checkout, tree: str, parent: str, message: str) -> str:
    return _word(git(checkout.top, "commit-tree", "-p", parent, "-m", message, tree))


def _names(data: bytes) -> list[str]:
    return [os.fsdecode(part) for part in data.split(b"\0") if part]


def _word(data: bytes) -> str:
    return data.decode().strip()
