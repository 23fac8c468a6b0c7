"""A sweep where no name server answers: git, which was told of nobody, does not ask for the name of
its machine, neither on a host nor here, when worktrees and commits are made.

The name server of all of them is a socket here that notes who asks, and never answers.
"""

from __future__ import annotations

import queue
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from e2e.conftest import BIN, LONGEST
from field import Field, check_complete, made_field
from rig import lacks

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]
PORT = 53
# The machine of the driver with that name server, a name that only it could tell, and no git user.
DRIVER = """
hostname dumb
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/hosts" /etc/hosts
shift
exec "$@"
"""
NOBODY = "env -i PATH=/usr/bin:/bin HOME=/mnt/home git var GIT_COMMITTER_IDENT"


@dataclass
class Mute:
    """A name server that says nothing."""

    address: str
    asked: queue.SimpleQueue[bytes] = field(default_factory=queue.SimpleQueue)

    def questions(self) -> list[bytes]:
        """What was asked since the last call."""
        return [self.asked.get() for _ in range(self.asked.qsize())]

    def serve(self, listener: socket.socket) -> None:
        while packet := listener.recv(4096):
            self.asked.put(packet)


@pytest.fixture(scope="module")
def field_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """Two hosts for all tests of this module."""
    with made_field(tmp_path_factory.mktemp("field"), lacks()) as found:
        yield found


@pytest.fixture
def mute(field_: Field) -> Iterator[Mute]:
    """The name server of the hosts, and of the driver's machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((field_.rig.here, PORT))
        found = Mute(field_.rig.here)
        thread = threading.Thread(target=found.serve, args=(listener,), daemon=True)
        thread.start()
        text = f"nameserver {found.address}\noptions timeout:1 attempts:1\n"
        for host in field_.hosts:
            (host.folder / "resolv.conf").write_text(text)
        (field_.rig.folder / "resolv.conf").write_text(text)
        (field_.rig.folder / "hosts").write_text("127.0.0.1 localhost\n")
        yield found
        listener.sendto(b"", listener.getsockname())
        thread.join()


def as_nobody(field_: Field, *words: str) -> subprocess.CompletedProcess[str]:
    """`sweeptree ...` of somebody whom git does not know, on a machine without names."""
    env = {name: value for name, value in field_.cli.env.items() if not is_identity(name)}
    enter = ["unshare", "--mount", "--uts", "--propagation", "private", "sh", "-ec", DRIVER, "sh"]
    argv = [*enter, str(field_.rig.folder), str(BIN / "sweeptree"), *words]
    return subprocess.run(
        argv, cwd=field_.cli.folder, env=env, capture_output=True, text=True, timeout=LONGEST
    )


def is_identity(name: str) -> bool:
    return name == "EMAIL" or name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))


def test_nobody_is_asked_for_the_name_of_a_machine(field_: Field, mute: Mute) -> None:
    subprocess.run(["git", "config", "--unset", "user.email"], cwd=field_.cli.folder)
    field_.hosts[0].inside("sh", "-c", NOBODY, check=False)
    assert any(b"gpu1" in question for question in mute.questions()), "the test sees no question"
    field_.let_go("dumb")
    done = as_nobody(field_, *field_.words("dumb", "--commit_and_pr"))
    assert done.returncode == 0, done.stdout + done.stderr
    check_complete(field_, "dumb")
    assert mute.questions() == []
