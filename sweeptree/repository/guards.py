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
_BATCH = 64 * MIB  # bytes of blobs that are looked at together


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
    paths: list[str] = []
    left_out: list[LeftOut] = []
    problems: list[str] = []
    total = 0
    for path in made:
        if path.startswith(_SKIPPED):
            continue
        size, why = _made(top, path, limits, total)
        if why:
            left_out.append(LeftOut(path, size, why))
        else:
            total += size
            paths.append(path)
    for path in tracked:
        paths.append(path)
        problems += _tracked(top, path, limits)
    problems += _workflows(paths, limits)
    problems += _lfs(top, paths)
    problems += _secrets(top, base, paths, limits)
    return Examined(tuple(paths), tuple(left_out), tuple(problems))


def _made(top: Path, path: str, limits: Limits, total: int) -> tuple[int, str]:
    """Size of a new file, and why it stays out (empty when it does not)."""
    if path.endswith("/"):
        return 0, "a git repository of its own"
    try:
        facts = (top / path).lstat()
    except OSError:
        return 0, "it cannot be read"
    if stat.S_ISLNK(facts.st_mode):
        return facts.st_size, "" if _stays_inside(top, path) else "a link that leads outside"
    if not stat.S_ISREG(facts.st_mode):
        return 0, "not a plain file"
    if facts.st_size > limits.made:
        return facts.st_size, f"over {size_of(limits.made)}"
    if total + facts.st_size > limits.total:
        return facts.st_size, f"new files are over {size_of(limits.total)} together"
    return facts.st_size, ""


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


def _workflows(paths: Iterable[str], limits: Limits) -> list[str]:
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
            yield from leaks(path, new, _blob(top, base, path), limits.known)


def _content(file: Path, limit: int) -> bytes:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as stream:
        return stream.read(limit) if stat.S_ISREG(os.fstat(handle).st_mode) else b""


def _blob(top: Path, base: str, path: str) -> bytes:
    return plumbing.ask(top, "cat-file", "blob", f"{base}:{path}").out


def examine_commits(
    top: Path, commit: str, known_there: Sequence[str], limits: Limits
) -> list[str]:
    """Problems in any commit that a push of `commit` would send.

    `known_there`: commits that the remote has.
    """
    have = [
        known
        for known in known_there
        if not plumbing.ask(top, "cat-file", "-e", f"{known}^{{commit}}").code
    ]
    words = (
        "rev-list",
        "--objects",
        "--no-object-names",
        "--filter=object:type=blob",
        "--filter-provided-objects",
    )
    blobs = plumbing.run(top, *words, commit, "--not", *have).split()
    problems = _workflows(_sent_paths(top, commit, have), limits)
    sizes = _sizes(top, blobs)
    problems += [
        f"a commit holds a file of {size_of(size)}; the limit is {size_of(limits.tracked)}"
        for size in sizes.values()
        if size > limits.tracked
    ]
    if not problems and have:
        problems += _leaks_in(top, commit, sizes, limits)
    return problems


def _sent_paths(top: Path, commit: str, have: Sequence[str]) -> list[str]:
    """Paths that any of the sent commits changed."""
    words = ("log", "--format=", "--name-only", "-z", "--no-renames", "-m", "--no-show-signature")
    found = plumbing.names(plumbing.run(top, *words, commit, "--not", *have)) if have else []
    return sorted({path.lstrip("\n") for path in found})


def _sizes(top: Path, blobs: Sequence[bytes]) -> dict[bytes, int]:
    call = plumbing.Call(b"\n".join(blobs) + b"\n")
    out = (
        plumbing.run(top, "cat-file", "--batch-check=%(objectname) %(objectsize)", call=call)
        if blobs
        else b""
    )
    return {line.split()[0]: int(line.split()[1]) for line in out.splitlines()}


def _leaks_in(top: Path, commit: str, sizes: dict[bytes, int], limits: Limits) -> Iterator[str]:
    group: list[bytes] = []
    weight = 0
    for blob, size in sizes.items():
        group.append(blob)
        weight += size
        if weight > _BATCH:
            yield from _leaks_in_group(top, commit, group, limits)
            group, weight = [], 0
    if group:
        yield from _leaks_in_group(top, commit, group, limits)


def _leaks_in_group(
    top: Path, commit: str, blobs: Sequence[bytes], limits: Limits
) -> Iterator[str]:
    data = plumbing.run(top, "cat-file", "--batch", call=plumbing.Call(b"\n".join(blobs) + b"\n"))
    if not has_leak(data, limits.known):
        return
    for blob in blobs:
        name = blob.decode()
        content = plumbing.run(top, "cat-file", "blob", name)
        if has_leak(content, limits.known):
            brought, path = _origin(top, commit, name)
            yield from leaks(path, content, _blob(top, f"{brought}^", path), limits.known)


def _origin(top: Path, commit: str, blob: str) -> tuple[str, str]:
    """The first commit that has this content, and the file it is in."""
    brought = plumbing.text(
        top, "log", "--format=%H", "--no-show-signature", f"--find-object={blob}", commit
    ).split()[-1]
    found = plumbing.names(
        plumbing.run(
            top, "diff-tree", "-r", "--root", "--no-commit-id", "--no-renames", "-z", "-m", brought
        )
    )
    places = zip(found[0::2], found[1::2], strict=False)
    return brought, next((path for facts, path in places if facts.split()[3] == blob), blob[:12])
