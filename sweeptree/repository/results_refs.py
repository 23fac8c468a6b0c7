"""Small files as a commit under a ref of ours, without an index or a checkout, and back.

Hides: git's fast-import (one process and one pack for thousands of files), who the author is when
git does not know, and that what comes from a remote may hold links, folders and giants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree.repository import plumbing

RESULTS = "refs/sweeptree/results"
PENDING = "refs/sweeptree/sharing"  # what is being pushed: ours, even if nobody saw the push's end
SHARED = "refs/sweeptree/shared"
_PLAIN = b"100644"


@dataclass(frozen=True, slots=True)
class Entry:
    """One plain file of a commit; `size` in bytes."""

    name: str
    size: int


def write_commit(
    top: Path, ref: str, files: Mapping[str, bytes], message: str, parent: str | None
) -> str:
    """Let `ref` lead to a commit of exactly these files; returns it. Names hold no folder."""
    head = [f"commit {ref}", f"committer {_identity(top)}"]
    text = message.encode()
    stream = [*(line.encode() for line in head), b"data %d" % len(text), text]
    if parent:
        stream.append(f"from {parent}".encode())
    stream.append(b"deleteall")
    for name, data in files.items():
        stream += [b"M 100644 inline " + name.encode(), b"data %d" % len(data), data]
    stream.append(b"done\n")
    words = ("fast-import", "--quiet", "--done", "--force", "--date-format=raw")
    call = plumbing.Call(b"\n".join(stream))
    plumbing.run(top, *plumbing.DURABLE, *words, call=call)
    return plumbing.text(top, "rev-parse", "--verify", f"{ref}^{{commit}}")


def _identity(top: Path) -> str:
    """The committer, with the time now as `seconds zone`."""
    found = plumbing.ask(top, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
    if not found.code:
        return found.out.decode("utf-8", "replace").strip()
    call = plumbing.Call(
        env={"GIT_COMMITTER_NAME": "sweeptree", "GIT_COMMITTER_EMAIL": "sweeptree@localhost"}
    )
    return plumbing.run(top, "var", "GIT_COMMITTER_IDENT", call=call).decode().strip()


def read_commit(
    top: Path, commit: str, takes: Callable[[Entry], bool]
) -> Iterator[tuple[str, bytes]]:
    """The plain files of a commit's root that `takes` wants: (name, content)."""
    wanted = [
        (name, blob) for name, blob, size in _entries(top, commit) if takes(Entry(name, size))
    ]
    request = "".join(f"{blob}\n" for _, blob in wanted)
    answer = plumbing.run(top, "cat-file", "--batch", call=plumbing.Call(request.encode()))
    position = 0
    for name, _ in wanted:
        start = answer.index(b"\n", position) + 1
        size = int(answer[position : start - 1].split()[-1])
        yield name, answer[start : start + size]
        position = start + size + 1


def _entries(top: Path, commit: str) -> Iterator[tuple[str, str, int]]:
    """(name, id, size) of each plain file; links, folders and submodules are none."""
    for line in plumbing.run(top, "ls-tree", "-z", "-l", commit).split(b"\0"):
        facts, _, name = line.partition(b"\t")
        words = facts.split()
        if words[:2] == [_PLAIN, b"blob"]:
            yield name.decode("utf-8", "replace"), words[2].decode(), int(words[3])


def set_ref(top: Path, ref: str, commit: str | None) -> None:
    """Let a ref of ours lead to a commit; None: take it away."""
    words = ("update-ref", "-d", ref) if commit is None else ("update-ref", ref, commit)
    plumbing.run(top, *plumbing.DURABLE, *words)


def is_on_remote(top: Path, commit: str, remote: str) -> bool:
    """Whether, as far as this clone knows, a branch of the remote holds the commit."""
    words = ("for-each-ref", "--count=1", f"--contains={commit}", f"refs/remotes/{remote}/")
    return bool(plumbing.ask(top, *words).out.strip())
