"""What may go into a commit that leaves this machine.

Decided before anything is written into the object store.

Hides: sizes, links that lead outside, repositories inside the repository, LFS files, workflow
files, secrets.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.repository import plumbing
from sweeptree.repository.leaks import has_leak, leaks
from sweeptree.repository.repository import OURS

MIB = 1024 * 1024
_SKIPPED = (f"{OURS}/", "results/")
_WORKFLOWS = ".github/workflows/"


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes.

    `made`: one new file; `total`: all new files; `tracked`: one file of the commit.
    """

    made: int = 5 * MIB
    total: int = 20 * MIB
    tracked: int = 50 * MIB
    allow_workflows: bool = False
    known: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that does not go in, its size in bytes, and why."""

    path: str
    size: int
    why: str

    def __str__(self) -> str:
        return f"{self.path} ({size_of(self.size)}: {self.why})"


@dataclass(frozen=True, slots=True)
class Examined:
    """`paths` go in, `left_out` do not; with a problem nothing may leave at all."""

    paths: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    problems: tuple[str, ...] = ()

    def must_pass(self) -> Examined:
        """Return what was examined, or raise Refused with every problem."""
        if self.problems:
            raise Refused(
                "this work must not be pushed as it is:\n  " + "\n  ".join(self.problems[:20]),
                hint=(
                    "take it out of the files (and of the commits), then try again",
                    "a line that only looks like a secret: end it with  # pragma: allowlist secret",
                ),
            )
        return self


def size_of(count: int) -> str:
    """1.2 GiB, 5.0 MiB, 17 kB."""
    for unit, size in (("GiB", 1024**3), ("MiB", MIB)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} B"


def examine(
    top: Path, base: str, *, tracked: Iterable[str], made: Iterable[str], limits: Limits
) -> Examined:
    """Look at changed files of a worktree.

    Reads only. `base`: what they are compared with for secrets.
    """
    new, left_out = _examine_made(top, made, limits)
    changed = list(tracked)
    paths = [*new, *changed]
    problems = [
        *(problem for path in changed for problem in _tracked(top, path, limits)),
        *workflow_problems(paths, limits),
        *_lfs(top, paths),
        *_secrets(top, base, paths, limits),
    ]
    return Examined(tuple(paths), tuple(left_out), tuple(problems))


def _examine_made(
    top: Path, made: Iterable[str], limits: Limits
) -> tuple[list[str], list[LeftOut]]:
    """New files that go in, and those that do not."""
    paths: list[str] = []
    left_out: list[LeftOut] = []
    total = 0
    for path in made:
        if path.startswith(_SKIPPED):
            continue
        size, reason = _made(top, path, limits)
        if not reason and total + size > limits.total:
            reason = f"new files are over {size_of(limits.total)} together"
        if reason:
            left_out.append(LeftOut(path, size, reason))
        else:
            total += size
            paths.append(path)
    return paths, left_out


def _made(top: Path, path: str, limits: Limits) -> tuple[int, str]:
    """Size of a new file, and why it stays out by itself (empty when it does not)."""
    if path.endswith("/"):
        return 0, "a git repository of its own"
    try:
        facts = (top / path).lstat()
    except OSError:
        return 0, "it cannot be read"
    if stat.S_ISREG(facts.st_mode):
        is_large = facts.st_size > limits.made
        return facts.st_size, f"over {size_of(limits.made)}" if is_large else ""
    if not stat.S_ISLNK(facts.st_mode):
        return 0, "not a plain file"
    return facts.st_size, "" if _stays_inside(top, path) else "a link that leads outside"


def _stays_inside(top: Path, path: str) -> bool:
    link = top / path
    target = Path(os.path.normpath(link.parent / link.readlink()))
    inside = target.is_relative_to(top) and target.resolve().is_relative_to(top.resolve())
    return inside and not target.is_relative_to(top / ".git")


def _tracked(top: Path, path: str, limits: Limits) -> Iterator[str]:
    file = top / path
    try:
        facts = file.lstat()
    except OSError:
        return  # removed
    if stat.S_ISLNK(facts.st_mode) and not _stays_inside(top, path):
        yield f"{path} became a link that leads outside"
    elif stat.S_ISREG(facts.st_mode) and facts.st_size > limits.tracked:
        yield f"{path} has {size_of(facts.st_size)}; the limit is {size_of(limits.tracked)}"


def workflow_problems(paths: Iterable[str], limits: Limits) -> list[str]:
    """Workflow files among the paths that nobody has allowed."""
    if limits.allow_workflows:
        return []
    return [
        f"{path} runs with the repository's secrets: --allow_workflows"
        for path in paths
        if _is_workflow(path)
    ]


def _is_workflow(path: str) -> bool:
    return path.lower().startswith(_WORKFLOWS)


def _lfs(top: Path, paths: Sequence[str]) -> list[str]:
    """LFS files are stored beside the commit, by a hook; hooks are off, so they would be missing on
    the forge."""
    if not paths or not _has_attributes(top):
        return []
    data = b"".join(os.fsencode(path) + b"\0" for path in paths)
    found = plumbing.names(
        plumbing.run(top, "check-attr", "-z", "--stdin", "filter", call=plumbing.Call(data))
    )
    return [
        f"{path} is a Git LFS file: commit and push it yourself (git push runs git-lfs)"
        for path, _, value in zip(found[0::3], found[1::3], found[2::3], strict=True)
        if value == "lfs"
    ]


def _has_attributes(top: Path) -> bool:
    answer = plumbing.ask(
        top, "ls-files", "-z", "--cached", "--others", "--", ":(glob)**/.gitattributes"
    )
    return bool(answer.out) or bool(answer.code)


def _secrets(top: Path, base: str, paths: Iterable[str], limits: Limits) -> Iterator[str]:
    for path in paths:
        new = _content(top / path, limits.tracked)
        if has_leak(new, limits.known):
            yield from leaks(path, new, blob(top, base, path), limits.known)


def _content(file: Path, limit: int) -> bytes:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as stream:
        return stream.read(limit) if stat.S_ISREG(os.fstat(handle).st_mode) else b""


def blob(top: Path, base: str, path: str) -> bytes:
    """A file of a commit; empty when there is none."""
    return plumbing.ask(top, "cat-file", "blob", f"{base}:{path}").out
