"""Commands, files and streams over one connection."""

from collections.abc import Iterator

import pytest

from core.hosts.ssh_kit import FarSide
from sweeptree.errors import HostError
from sweeptree.hosts.ssh import Done, Master


@pytest.fixture
def master(far: FarSide) -> Iterator[Master]:
    """The way to the far side."""
    with Master(far.target) as master:
        yield master


def test_any_exit_code_is_an_answer(master: Master) -> None:
    done = master.run(["sh", "-c", "cat; echo no >&2; exit 7"], b"in")
    assert done == Done(7, b"in", b"no\n")


def test_a_command_that_has_to_succeed(master: Master) -> None:
    assert master.ask(["echo", "it's"]) == b"it's\n"
    with pytest.raises(HostError, match="sh failed on gpu2: no"):
        master.ask(["sh", "-c", "echo no >&2; exit 1"])
    with pytest.raises(HostError, match="there is no none-such on gpu2"):
        master.ask(["none-such"])


def test_the_connection_is_opened_once_and_first(master: Master, far: FarSide) -> None:
    for _ in range(3):
        master.run(["true"])
    opened = [call for call in far.calls() if "exec cat" in call]
    assert (len(opened), far.calls()[0]) == (1, opened[0])


def test_a_file_is_put_whole(master: Master, far: FarSide) -> None:
    master.put(b"secret", f"{far.home}/token")
    assert (far.home / "token").read_bytes() == b"secret"
    assert (far.home / "token").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in far.home.iterdir()] == ["token"]


def test_a_stream(master: Master) -> None:
    with master.stream(["cat"]) as stream:
        stream.stdin.write(b"hello\n")
        stream.stdin.flush()
        assert stream.stdout.readline() == b"hello\n"
        assert stream.poll() is None
    assert stream.poll() is not None


def test_a_timeout(master: Master) -> None:
    with pytest.raises(HostError, match="did not finish sleep") as caught:
        master.run(["sleep", "60"], timeout=0.1)
    assert caught.value.kind == "timeout"


def test_programs_that_call_ssh_get_its_words(master: Master) -> None:
    words = master.ssh_words()
    assert words[0] == "ssh"
    assert "ControlMaster=no" in words
    assert master.ssh_command().startswith("ssh -o BatchMode=yes ")
