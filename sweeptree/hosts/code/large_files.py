"""Git LFS objects of a commit, from the store here to the one of the host's bare repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sweeptree.hosts.code.commits import SentCommit
from sweeptree.hosts.far.asking import Question, ask, pour
from sweeptree.hosts.remote import Site
from sweeptree.repository import Repository, plumbing

_OID = re.compile(r"oid sha256:([0-9a-f]{64})")
_CHUNK = 1024 * 1024
_MODE = 0o444


def send_large_files(repo: Repository, sent: SentCommit, site: Site) -> tuple[str, ...]:
    """Bring the objects that the host lacks; a sentence where some are not here either.

    Raises Refused when the host's disk is full, SweeptreeError.
    """
    wanted = object_names(repo, sent.commit)
    if not wanted:
        return ()
    store = repo.common_dir / "lfs" / "objects"
    here = [oid for oid in wanted if _place(store, oid).is_file()]
    _send(site, Path(sent.cache, "lfs", "objects"), store, here)
    missing = len(wanted) - len(here)
    if not missing:
        return ()
    return (f"{missing} Git LFS files of the commit are not here: git lfs fetch brings them",)


def object_names(repo: Repository, commit: str) -> list[str]:
    """The LFS objects that files of the commit point to."""
    words = ("grep", "-h", "-I", "-e", "^oid sha256:[0-9a-f]*$", commit)
    answer = plumbing.ask(repo.start, *words)
    lines = answer.out.decode("utf-8", "replace").splitlines()
    found = [match[1] for line in lines if (match := _OID.fullmatch(line))]
    return list(dict.fromkeys(found))


def _place(store: Path, oid: str) -> Path:
    return store / oid[:2] / oid[2:4] / oid


def _send(site: Site, theirs: Path, store: Path, oids: Sequence[str]) -> None:
    places = {str(_place(theirs, oid)): oid for oid in oids}
    request = {"verb": "lacks", "paths": list(places)}
    lacks = ask(site, Question("put", request))["lacks"]
    if not lacks:
        return
    sources = [_place(store, places[path]) for path in lacks]
    sizes = [source.stat().st_size for source in sources]
    files = [(path, size, _MODE, places[path]) for path, size in zip(lacks, sizes, strict=True)]
    pour(site, Question("put", {"verb": "files", "files": files}), _bytes_of(sources))


def _bytes_of(sources: Iterable[Path]) -> Iterator[bytes]:
    for source in sources:
        with source.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
