"""Files that grow on a host grow here."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.hosts.host_kit import make_site
from sweeptree.hosts.back.live import Follower
from sweeptree.hosts.remote import Site


@pytest.fixture
def follower(site: Site) -> Iterator[Follower]:
    with Follower(site, silence=3.0) as found:
        yield found


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there.log"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "here.log"


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_until_holds(file: Path, data: bytes) -> None:
    wait_for(lambda: file.exists() and file.read_bytes() == data)


def append(file: Path, data: bytes) -> None:
    with file.open("ab") as stream:
        stream.write(data)


def streams(site: Site) -> list:
    return site.remote.streams


def test_what_is_appended_comes(follower: Follower, there: Path, here: Path) -> None:
    follower.follow(str(there), here)
    append(there, b"one\n")
    wait_until_holds(here, b"one\n")
    append(there, b"t\0\xff")
    wait_until_holds(here, b"one\nt\0\xff")


def test_large_files_and_many_come_whole(follower: Follower, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    for number in range(5):
        (tmp_path / f"{number}.there").write_bytes(data[number:])
        follower.follow(str(tmp_path / f"{number}.there"), tmp_path / f"{number}.here")
    for number in range(5):
        wait_until_holds(tmp_path / f"{number}.here", data[number:])


def test_what_is_here_is_not_sent_again(follower: Follower, there: Path, here: Path) -> None:
    there.write_bytes(b"x" * 5000 + b"one\ntwo\n")
    here.write_bytes(b"y" * 904 + b"x" * 4096)
    follower.follow(str(there), here)
    wait_until_holds(here, b"y" * 904 + b"x" * 4096 + b"one\ntwo\n")


def test_a_file_of_other_beginnings_starts_anew(
    follower: Follower, there: Path, here: Path
) -> None:
    there.write_bytes(b"two\nthree\n")
    here.write_bytes(b"one\n")
    follower.follow(str(there), here)
    wait_until_holds(here, b"two\nthree\n")


@pytest.mark.parametrize("how", ["cut", "replaced"])
def test_a_file_that_starts_anew_there_does_so_here(
    follower: Follower, there: Path, here: Path, how: str
) -> None:
    there.write_bytes(b"first\n")
    follower.follow(str(there), here)
    wait_until_holds(here, b"first\n")
    if how == "cut":
        there.write_bytes(b"2\n")
    else:
        new = there.with_name("new")
        new.write_bytes(b"second, longer\n")
        new.rename(there)
    wait_until_holds(here, there.read_bytes())


def test_a_broken_connection_goes_on_where_it_was(
    follower: Follower, site: Site, there: Path, here: Path
) -> None:
    there.write_bytes(b"one\n")
    follower.follow(str(there), here)
    wait_until_holds(here, b"one\n")
    streams(site)[0].kill()
    append(there, b"two\n")
    wait_until_holds(here, b"one\ntwo\n")
    assert len(streams(site)) == 2


def test_a_silent_connection_is_made_again(tmp_path: Path, there: Path, here: Path) -> None:
    site = make_site(tmp_path / "far")
    there.write_bytes(b"one\n")
    with Follower(site, silence=2.5) as follower:
        follower.follow(str(there), here)
        wait_until_holds(here, b"one\n")
        os.kill(streams(site)[0].pid, 19)
        append(there, b"two\n")
        wait_until_holds(here, b"one\ntwo\n")


def test_after_unfollow_the_file_is_left_alone(
    follower: Follower, there: Path, here: Path, tmp_path: Path
) -> None:
    there.write_bytes(b"one\n")
    follower.follow(str(there), here)
    wait_until_holds(here, b"one\n")
    follower.unfollow(here)
    append(there, b"two\n")
    follower.follow(str(there), tmp_path / "other")
    wait_until_holds(tmp_path / "other", b"one\ntwo\n")
    assert here.read_bytes() == b"one\n"


def test_no_link_is_followed_there_or_here(
    follower: Follower, there: Path, here: Path, tmp_path: Path
) -> None:
    secret, other = tmp_path / "secret", tmp_path / "other"
    secret.write_bytes(b"secret")
    there.symlink_to(secret)
    other.write_bytes(b"other")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    follower.follow(str(there), here)
    follower.follow(str(other), tmp_path / "link")
    follower.follow(str(other), tmp_path / "fine")
    wait_until_holds(tmp_path / "fine", b"other")
    assert here.read_bytes() == b""
    assert not (tmp_path / "victim").exists()
    assert "cannot be written" in follower.troubles[tmp_path / "link"]


def test_the_program_ends_with_us(site: Site, there: Path, here: Path) -> None:
    there.write_bytes(b"one\n")
    with Follower(site) as follower:
        follower.follow(str(there), here)
        wait_until_holds(here, b"one\n")
    assert [process.poll() for process in streams(site)] != [None]
