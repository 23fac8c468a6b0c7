"""Git LFS objects go to the store of the host's repository."""

import hashlib
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.code.commits import SentCommit, send_commit
from sweeptree.hosts.code.large_files import send_large_files
from sweeptree.hosts.remote import Site
from sweeptree.repository import find_repository

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
DATA = (b"weights", b"more weights" * 100_000)


def place(store: Path, data: bytes) -> Path:
    oid = hashlib.sha256(data).hexdigest()
    return store / "lfs/objects" / oid[:2] / oid[2:4] / oid


@pytest.fixture
def with_pointers(repo: Path) -> Path:
    for number, data in enumerate(DATA):
        pointer = POINTER.format(hashlib.sha256(data).hexdigest(), len(data))
        (repo / f"{number}.pt").write_text(pointer)
        file = place(repo / ".git", data)
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
    git("add", ".", cwd=repo)
    git("commit", "-qm", "weights", cwd=repo)
    return repo


def send(top: Path, site: Site) -> tuple[SentCommit, tuple[str, ...]]:
    found = find_repository(top)
    sent = send_commit(found, git("rev-parse", "HEAD", cwd=top), site)
    return sent, send_large_files(found, sent, site)


def test_they_come_once(with_pointers: Path, site: Site) -> None:
    sent, notes = send(with_pointers, site)
    assert notes == ()
    assert [place(Path(sent.cache), data).read_bytes() for data in DATA] == list(DATA)
    before = len(site.remote.streams)
    send(with_pointers, site)
    assert len(site.remote.streams) == before


def test_those_that_are_not_here_are_counted(with_pointers: Path, site: Site) -> None:
    place(with_pointers / ".git", DATA[0]).unlink()
    sent, notes = send(with_pointers, site)
    assert notes == ("1 Git LFS files of the commit are not here: git lfs fetch brings them",)
    assert place(Path(sent.cache), DATA[1]).is_file()


def test_a_damaged_one_is_not_taken(with_pointers: Path, site: Site) -> None:
    place(with_pointers / ".git", DATA[0]).write_bytes(b"damaged")
    with pytest.raises(SweeptreeError, match="came out wrong"):
        send(with_pointers, site)
    assert not list(Path(site.host.home).rglob("*.part"))
