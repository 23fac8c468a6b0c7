"""The guards over every commit that a push would send: messages, names and contents.

The files may have changed since they were looked at, and a commit of the user's own may hold what
no file holds any more. Without a commit of the remote that is known here, everything is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.repository import leaks, plumbing
from sweeptree.repository.guards import (
    MIB,
    Examined,
    Limits,
    name_leaks,
    size_of,
    workflow_problems,
)

_BATCH = 64 * MIB  # bytes of contents that are looked at together
_ONLY_BLOBS = (
    "--objects",
    "--no-object-names",
    "--filter=object:type=blob",
    "--filter-provided-objects",
)
_ALL_LOOKED_AT = "no commit of the remote is known here: all of the history was looked at"


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a push of `commit` sends to a remote that has the commits `have`."""

    top: Path
    commit: str
    have: tuple[str, ...]
    limits: Limits

    def rev_list(self, *options: str) -> list[bytes]:
        """The ids of the objects that are sent."""
        return plumbing.run(
            self.top, "rev-list", *options, self.commit, "--not", *self.have
        ).split()


def check_commits(top: Path, commit: str, known_there: Sequence[str], limits: Limits) -> None:
    """Raise Refused for problems in any commit that a push of `commit` would send.

    `known_there`: commits that the remote has; those that this repository lacks do not count.
    """
    sent = _sent(top, commit, known_there, limits)
    hints = () if sent.have else (_ALL_LOOKED_AT,)
    Examined((), problems=tuple(_problems(sent))).must_pass(*hints)


def examine_commits(
    top: Path, commit: str, known_there: Sequence[str], limits: Limits
) -> list[str]:
    """Problems in any commit that a push of `commit` would send, one line each."""
    return list(_problems(_sent(top, commit, known_there, limits)))


def _sent(top: Path, commit: str, known_there: Sequence[str], limits: Limits) -> _Sent:
    have = tuple(known for known in known_there if _is_here(top, known))
    return _Sent(top, commit, have, limits)


def _is_here(top: Path, commit: str) -> bool:
    return not plumbing.ask(top, "cat-file", "-e", f"{commit}^{{commit}}").code


def _problems(sent: _Sent) -> Iterator[str]:
    commits = sent.rev_list()
    yield from _message_leaks(sent, commits)
    paths = _changed_paths(sent, commits)
    yield from workflow_problems(paths, sent.limits)
    yield from name_leaks(paths, sent.limits)
    yield from _content_problems(sent)


def _message_leaks(sent: _Sent, commits: Sequence[bytes]) -> Iterator[str]:
    """Secrets in what a commit says, its author's name included."""
    if not leaks.has_leak(_contents(sent.top, commits), sent.limits.known):
        return
    for commit in commits:
        text = plumbing.run(sent.top, "cat-file", "commit", commit.decode())
        place = f"the message of commit {commit.decode()[:12]}"
        yield from leaks.leaks_in_text(place, text, sent.limits.known)


def _changed_paths(sent: _Sent, commits: Sequence[bytes]) -> list[str]:
    """Paths that any of the sent commits changed, merges against each of their parents."""
    options = ("--stdin", "-r", "--root", "-m", "--name-only", "-z", "--no-commit-id")
    call = plumbing.Call(_lines(commits))
    found = plumbing.run(sent.top, "diff-tree", *options, "--no-renames", call=call)
    return sorted(set(plumbing.names(found)))


def _content_problems(sent: _Sent) -> Iterator[str]:
    limit = sent.limits.tracked
    sizes = _sizes(sent.top, sent.rev_list(*_ONLY_BLOBS))
    for size in sizes.values():
        if size > limit:
            yield f"a commit holds a file of {size_of(size)}; the limit is {size_of(limit)}"

    looked_at = {blob: size for blob, size in sizes.items() if size <= limit}
    for group in _groups(looked_at):
        yield from _content_leaks(sent, group)


def _sizes(top: Path, blobs: Sequence[bytes]) -> dict[bytes, int]:
    if not blobs:
        return {}
    call = plumbing.Call(_lines(blobs))
    out = plumbing.run(top, "cat-file", "--batch-check=%(objectname) %(objectsize)", call=call)
    pairs = [line.split() for line in out.splitlines()]
    return {name: int(size) for name, size in pairs}


def _groups(sizes: dict[bytes, int]) -> Iterator[list[bytes]]:
    """The blobs in groups that fit into memory."""
    group: list[bytes] = []
    weight = 0
    for blob, size in sizes.items():
        if group and weight + size > _BATCH:
            yield group
            group, weight = [], 0
        group.append(blob)
        weight += size
    if group:
        yield group


def _content_leaks(sent: _Sent, blobs: Sequence[bytes]) -> Iterator[str]:
    known = sent.limits.known
    if not leaks.has_leak(_contents(sent.top, blobs), known):
        return
    for blob in blobs:
        content = plumbing.run(sent.top, "cat-file", "blob", blob.decode())
        if leaks.has_leak(content, known):
            path, old = _origin(sent, blob.decode())
            yield from leaks.leaks(leaks.redact(path, known), content, old, known)


def _origin(sent: _Sent, blob: str) -> tuple[str, bytes]:
    """The file that a content came in with, and what that file held before."""
    words = ("log", "--format=%H", "--no-show-signature", "--diff-merges=separate", "--no-patch")
    commits = plumbing.text(sent.top, *words, f"--find-object={blob}", sent.commit).split()
    for commit in reversed(commits):
        if path := _path_in(sent.top, commit, blob):
            old = plumbing.ask(sent.top, "cat-file", "blob", f"{commit}^:{path}").out
            return path, old
    return blob[:12], b""


def _path_in(top: Path, commit: str, blob: str) -> str | None:
    """The path by which a commit brought a content."""
    options = ("-r", "--root", "-m", "-z", "--no-commit-id", "--no-renames")
    found = plumbing.names(plumbing.run(top, "diff-tree", *options, commit))
    for facts, path in zip(found[0::2], found[1::2], strict=False):
        if facts.split()[3] == blob:
            return path
    return None


def _contents(top: Path, objects: Sequence[bytes]) -> bytes:
    if not objects:
        return b""
    return plumbing.run(top, "cat-file", "--batch", call=plumbing.Call(_lines(objects)))


def _lines(objects: Sequence[bytes]) -> bytes:
    return b"".join(name + b"\n" for name in objects)
