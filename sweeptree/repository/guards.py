"""What may go into a commit that leaves this machine.

Decided before anything is written into the object store.

Hides: sizes, links that lead outside, repositories inside the repository, LFS files, workflow
files, secrets in contents and names. `outgoing` looks at whole commits in the same way.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.repository import leaks, plumbing
from sweeptree.repository.repository import OURS

MIB = 1024 * 1024
_SKIPPED = (f"{OURS}/", "results/")
_SHOWN = 20  # problems in one message
_WORKFLOWS = ".github/workflows/"
_HINTS = (
    "take it out of the files (and of the commits), then try again",
    "a line that only looks like a secret: end it with  # pragma: allowlist secret",
)


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
    warnings: tuple[str, ...] = ()

    def must_pass(self, *hints: str) -> Examined:
        """Return what was examined, or raise Refused with every problem."""
        if not self.problems:
            return self
        lines = "\n  ".join(_on_one_line(problem) for problem in self.problems[:_SHOWN])
        more = len(self.problems) - _SHOWN
        if more > 0:
            lines += f"\n  and {more} more"
        raise Refused(f"this work must not be pushed as it is:\n  {lines}", hint=(*_HINTS, *hints))


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
    chosen, left_out = _choose(top, made, limits)
    changed = list(tracked)
    paths = [*changed, *chosen]  # in this order a file may become a folder
    problems = [
        *_tracked_problems(top, changed, limits),
        *workflow_problems(paths, limits),
        *_lfs_problems(top, paths),
        *name_leaks(paths, limits),
        *_content_leaks(top, base, paths, limits),
    ]
    warnings = (*_odd_names(paths), *_submodule_warnings(top, changed))
    return Examined(tuple(paths), tuple(left_out), tuple(problems), warnings)


def check_name(branch: str, limits: Limits) -> None:
    """Raise Refused for a branch whose name holds a secret: names are pushed too."""
    place = f"the branch name {leaks.redact(branch, limits.known)}"
    found = leaks.leaks_in_text(place, os.fsencode(branch), limits.known)
    Examined((), problems=tuple(found)).must_pass()


def _on_one_line(text: str) -> str:
    """The text with its control characters shown: a name may hold a line break."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _choose(top: Path, made: Iterable[str], limits: Limits) -> tuple[list[str], list[LeftOut]]:
    """Which new files go in, and which do not."""
    paths: list[str] = []
    left_out: list[LeftOut] = []
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
    return paths, left_out


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


def _tracked_problems(top: Path, paths: Iterable[str], limits: Limits) -> Iterator[str]:
    for path in paths:
        try:
            facts = (top / path).lstat()
        except OSError:
            continue  # removed
        if stat.S_ISLNK(facts.st_mode) and not _stays_inside(top, path):
            yield f"{path} became a link that leads outside"
        elif stat.S_ISREG(facts.st_mode) and facts.st_size > limits.tracked:
            yield f"{path} has {size_of(facts.st_size)}; the limit is {size_of(limits.tracked)}"


def workflow_problems(paths: Iterable[str], limits: Limits) -> Iterator[str]:
    """Files that would run with the repository's secrets."""
    for path in paths:
        if _is_workflow(path) and not limits.allow_workflows:
            yield f"{path} runs with the repository's secrets: --allow_workflows"


def _is_workflow(path: str) -> bool:
    """True below the folder of workflows, and for a link or a submodule in its place."""
    return f"{path.lower()}/".startswith(_WORKFLOWS)


def _odd_names(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if not path.isprintable():
            yield f"the file name {_on_one_line(path)} holds control characters"


def _submodule_warnings(top: Path, paths: Iterable[str]) -> Iterator[str]:
    """Submodules whose new commit is on no branch of their remote, as far as is known here."""
    for path in paths:
        folder = top / path
        if not (folder / ".git").exists():
            continue
        answer = plumbing.ask(folder, "branch", "--remotes", "--contains", "HEAD")
        if not answer.code and not answer.out:
            yield f"the submodule {path} is on a commit that is not pushed: git -C {path} push"


def _lfs_problems(top: Path, paths: Sequence[str]) -> Iterator[str]:
    """LFS files are stored beside the commit, by a hook; hooks are off, so they would be missing on
    the forge."""
    if not paths or not _has_attributes(top):
        return
    call = plumbing.Call(b"".join(os.fsencode(path) + b"\0" for path in paths))
    found = plumbing.names(plumbing.run(top, "check-attr", "-z", "--stdin", "filter", call=call))
    for path, value in zip(found[0::3], found[2::3], strict=True):
        if value == "lfs":
            yield f"{path} is a Git LFS file: commit and push it yourself (git push runs git-lfs)"


def _has_attributes(top: Path) -> bool:
    words = ("ls-files", "-z", "--cached", "--others", "--", ":(glob)**/.gitattributes")
    answer = plumbing.ask(top, *words)
    return bool(answer.out) or bool(answer.code)


def name_leaks(paths: Sequence[str], limits: Limits) -> Iterator[str]:
    """Secrets in the names of files. A name is shown without them."""
    if not leaks.has_leak(os.fsencode("\n".join(paths)), limits.known):
        return
    for path in paths:
        place = f"the file name {leaks.redact(path, limits.known)}"
        yield from leaks.leaks_in_text(place, os.fsencode(path), limits.known)


def _content_leaks(top: Path, base: str, paths: Iterable[str], limits: Limits) -> Iterator[str]:
    for path in paths:
        new = _content(top / path, limits.tracked)
        if leaks.has_leak(new, limits.known):
            old = plumbing.ask(top, "cat-file", "blob", f"{base}:{path}").out
            yield from leaks.leaks(path, new, old, limits.known)


def _content(file: Path, limit: int) -> bytes:
    """What a plain file holds; nothing for a folder (a submodule), a link or a pipe."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(file, flags)
    except OSError:
        return b""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return b""
    with os.fdopen(handle, "rb") as stream:
        return stream.read(limit)
