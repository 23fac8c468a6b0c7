"""What a push would send: every commit that the remote lacks is looked at, not the last one alone.

Hides: how the new files of many commits are read in few git commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeptree.repository import plumbing
from sweeptree.repository.guards import MIB, Limits, blob, size_of, workflow_problems
from sweeptree.repository.leaks import has_leak, leaks

_BATCH = 64 * MIB  # bytes of blobs that are looked at together


def examine_commits(
    top: Path, commit: str, known_there: Sequence[str], limits: Limits
) -> list[str]:
    """Problems in any commit that a push of `commit` would send.

    `known_there`: commits that the remote has.
    """
    have = [known for known in known_there if _is_here(top, known)]
    sizes = _sizes(top, _new_blobs(top, commit, have))
    problems = workflow_problems(_sent_paths(top, commit, have), limits)
    problems += _too_large(sizes, limits)
    if not problems and have:
        problems += _leaks_in(top, commit, sizes, limits)
    return problems


def _is_here(top: Path, commit: str) -> bool:
    return not plumbing.ask(top, "cat-file", "-e", f"{commit}^{{commit}}").code


def _new_blobs(top: Path, commit: str, have: Sequence[str]) -> list[bytes]:
    blobs_only = ("--filter=object:type=blob", "--filter-provided-objects")
    words = ("rev-list", "--objects", "--no-object-names", *blobs_only)
    return plumbing.run(top, *words, commit, "--not", *have).split()


def _too_large(sizes: dict[bytes, int], limits: Limits) -> list[str]:
    large = [size for size in sizes.values() if size > limits.tracked]
    limit = size_of(limits.tracked)
    return [f"a commit holds a file of {size_of(size)}; the limit is {limit}" for size in large]


def _sent_paths(top: Path, commit: str, have: Sequence[str]) -> list[str]:
    """Paths that any of the sent commits changed."""
    if not have:
        return []
    words = ("log", "--format=", "--name-only", "-z", "--no-renames", "-m", "--no-show-signature")
    found = plumbing.names(plumbing.run(top, *words, commit, "--not", *have))
    return sorted({path.lstrip("\n") for path in found})


def _sizes(top: Path, blobs: Sequence[bytes]) -> dict[bytes, int]:
    if not blobs:
        return {}
    call = plumbing.Call(b"\n".join(blobs) + b"\n")
    order = "--batch-check=%(objectname) %(objectsize)"
    rows = [line.split() for line in plumbing.run(top, "cat-file", order, call=call).splitlines()]
    return {row[0]: int(row[1]) for row in rows}


def _leaks_in(top: Path, commit: str, sizes: dict[bytes, int], limits: Limits) -> Iterator[str]:
    for group in _groups(sizes):
        yield from _leaks_in_group(top, commit, group, limits)


def _groups(sizes: dict[bytes, int]) -> Iterator[list[bytes]]:
    """The blobs in groups that fit into memory."""
    group: list[bytes] = []
    weight = 0
    for name, size in sizes.items():
        group.append(name)
        weight += size
        if weight > _BATCH:
            yield group
            group, weight = [], 0
    if group:
        yield group


def _leaks_in_group(
    top: Path, commit: str, blobs: Sequence[bytes], limits: Limits
) -> Iterator[str]:
    call = plumbing.Call(b"\n".join(blobs) + b"\n")
    everything = plumbing.run(top, "cat-file", "--batch", call=call)
    if not has_leak(everything, limits.known):
        return
    for name in map(bytes.decode, blobs):
        content = plumbing.run(top, "cat-file", "blob", name)
        if has_leak(content, limits.known):
            source, path = _origin(top, commit, name)
            yield from leaks(path, content, blob(top, f"{source}^", path), limits.known)


def _origin(top: Path, commit: str, name: str) -> tuple[str, str]:
    """The first commit that has this content, and the file it is in."""
    words = ("log", "--format=%H", "--no-show-signature", f"--find-object={name}")
    source = plumbing.text(top, *words, commit).split()[-1]
    files = ("diff-tree", "-r", "--root", "--no-commit-id", "--no-renames", "-z", "-m")
    found = plumbing.names(plumbing.run(top, *files, source))
    for facts, path in zip(found[0::2], found[1::2], strict=False):
        if facts.split()[3] == name:
            return source, path
    return source, name[:12]
