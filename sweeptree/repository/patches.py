"""Patches as trees: what a patch makes of a commit, without any worktree.

Hides: a temporary index; that git itself says whether a patch applies, also for renames, paths out
of the tree and paths beyond a symlink.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.repository import plumbing

_ABSENT = "000000"
_PLAIN = "100644"
_DIFF = ("--no-renames", "--no-ext-diff", "--no-textconv", "-r")


@dataclass(frozen=True, slots=True)
class Entry:
    """One path that differs between two trees. A mode is git's, as text; `000000`: not there."""

    path: str
    old_mode: str
    new_mode: str

    @property
    def is_symlink(self) -> bool:
        """Whether it is, or was, a symbolic link."""
        return "120000" in (self.old_mode, self.new_mode)

    @property
    def is_submodule(self) -> bool:
        """Whether it is, or was, a repository inside the repository."""
        return "160000" in (self.old_mode, self.new_mode)

    @property
    def is_new(self) -> bool:
        """Whether the older tree lacks it."""
        return self.old_mode == _ABSENT


def tree_with_patch(top: Path, base: str, patch: bytes) -> str:
    """The tree of `base` with a patch on it. Raises Refused, in git's words, if it does not
    apply."""
    with tempfile.TemporaryDirectory(prefix="sweeptree-index-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        plumbing.run(top, "read-tree", base, call=plumbing.Call(env=env))
        words = ("apply", "--cached", "--whitespace=nowarn", "-")
        answer = plumbing.ask(top, *words, call=plumbing.Call(patch, env))
        if answer.code:
            raise Refused(
                f"the patch does not apply to {base[:12]}: {answer.error().message}",
                hint="make it against that commit: git diff",
            )
        return _write_tree(top, env)


def _write_tree(top: Path, env: Mapping[str, str]) -> str:
    return plumbing.run(top, "write-tree", call=plumbing.Call(env=env)).decode().strip()


def entries_between(top: Path, old: str, new: str) -> tuple[Entry, ...]:
    """The paths that differ from one tree or commit to another."""
    fields = plumbing.names(plumbing.run(top, "diff-tree", "--raw", "-z", *_DIFF, old, new))
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return tuple(_entry(facts, path) for facts, path in pairs)


def _entry(facts: str, path: str) -> Entry:
    old_mode, new_mode, *_ = facts.removeprefix(":").split(" ")
    return Entry(path, old_mode, new_mode)


def patch_between(top: Path, old: str, new: str, paths: Sequence[str] | None = None) -> bytes:
    """The patch from one tree or commit to another; of these paths only, if given."""
    if paths is not None and not paths:
        return b""
    words = ("diff-tree", "-p", "--binary", *_DIFF, old, new, "--", *(paths or ()))
    return plumbing.run(top, "--literal-pathspecs", *words)


def read_file(top: Path, tree: str, path: str) -> bytes | None:
    """What a file holds in a tree or commit; None when it is not there."""
    answer = plumbing.ask(top, "cat-file", "blob", f"{tree}:{path}")
    return None if answer.code else answer.out


def list_files(top: Path, tree: str) -> tuple[str, ...]:
    """The paths of all files in a tree or commit."""
    return tuple(plumbing.names(plumbing.run(top, "ls-tree", "-r", "-z", "--name-only", tree)))


def tree_with_files(top: Path, base: str, files: Mapping[str, bytes | None], modes: str) -> str:
    """The tree of `base` where these files hold these bytes; None: they are gone.

    `modes`: the tree that says which of them are programs.
    """
    with tempfile.TemporaryDirectory(prefix="sweeptree-index-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        plumbing.run(top, "read-tree", base, call=plumbing.Call(env=env))
        lines = [_index_line(top, modes, path, data) for path, data in files.items()]
        call = plumbing.Call(b"".join(lines), env)
        plumbing.run(top, "update-index", "-z", "--index-info", call=call)
        return _write_tree(top, env)


def _index_line(top: Path, modes: str, path: str, data: bytes | None) -> bytes:
    if data is None:
        return f"0 {'0' * 40}\t".encode() + os.fsencode(path) + b"\0"
    call = plumbing.Call(data)
    blob = plumbing.run(top, "hash-object", "-w", "--stdin", call=call).decode().strip()
    return f"{_mode_of(top, modes, path)} {blob}\t".encode() + os.fsencode(path) + b"\0"


def _mode_of(top: Path, tree: str, path: str) -> str:
    words = ("--literal-pathspecs", "ls-tree", tree, "--", path)
    listed = plumbing.run(top, *words).decode(errors="replace")
    return listed.split(" ", 1)[0] or _PLAIN
