"""Git LFS objects of a commit, from the store here to the one of the host's bare repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sweeptree.hosts.code.commits import SentCommit
from sweeptree.hosts.far.asking import Question, ask, pour
from sweeptree.hosts.remote import Site
from sweeptree.repository import Repository, plumbing

_OID = re.compile(r"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_CHUNK = 1024 * 1024
_MODE = 0o444


def send_large_files(repo: Repository, sent: SentCommit, site: Site) -> tuple[str, ...]:
    """Bring the objects that the host lacks; a sentence where some are not here either.

    Raises Refused when the host's disk is full, SweeptreeError.
    """
    wanted = object_names(repo, sent.commit)
    if not wanted:
        return ()

    ours = repo.common_dir / "lfs" / "objects"
    theirs = Path(sent.cache, "lfs", "objects")
    here = [oid for oid in wanted if _place(ours, oid).is_file()]
    _send(site, ours, theirs, here)

    missing = len(wanted) - len(here)
    if not missing:
        return ()
    return (f"{missing} Git LFS files of the commit are not here: git lfs fetch brings them",)


def object_names(repo: Repository, commit: str) -> list[str]:
    """The LFS objects that files of the commit point to."""
    words = ("grep", "-h", "-I", "-e", "^oid sha256:[0-9a-f]*$", commit)
    answer = plumbing.ask(repo.start, *words)
    text = answer.out.decode("utf-8", "replace")
    found = _OID.findall(text)
    once = dict.fromkeys(found)
    return list(once)


def _place(store: Path, oid: str) -> Path:
    first, second = oid[:2], oid[2:4]
    return store / first / second / oid


def _send(site: Site, ours: Path, theirs: Path, oids: Sequence[str]) -> None:
    places = [str(_place(theirs, oid)) for oid in oids]
    answer = ask(site, Question("put", {"verb": "lacks", "paths": places}))
    lacks = [Path(place).name for place in answer["lacks"]]
    if not lacks:
        return

    files = [_facts(ours, theirs, oid) for oid in lacks]
    request = {"verb": "files", "files": files}
    sources = [_place(ours, oid) for oid in lacks]
    chunks = _bytes_of(sources)
    pour(site, Question("put", request), chunks)


def _facts(ours: Path, theirs: Path, oid: str) -> tuple[str, int, int, str]:
    """An object as the host is told of it: its place there, size, mode and digest."""
    here = _place(ours, oid).stat()
    place = _place(theirs, oid)
    return str(place), here.st_size, _MODE, oid


def _bytes_of(sources: Iterable[Path]) -> Iterator[bytes]:
    for source in sources:
        with source.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
