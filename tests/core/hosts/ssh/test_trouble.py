"""What ssh's complaints become."""

import pytest

from sweeptree.hosts.ssh.command import Target
from sweeptree.hosts.ssh.trouble import command_error, connection_error


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ssh: Could not resolve hostname gpu9: Name or service not known", "unreachable"),
        ("ssh: connect to host gpu2 port 22: Connection refused", "unreachable"),
        ("ssh: connect to host gpu2 port 22: No route to host", "unreachable"),
        ("ssh: connect to host gpu2 port 22: Connection timed out", "unreachable"),
        ("ada@gpu2: Permission denied (publickey,password).", "auth"),
        ("Host key verification failed.", "host-key"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nverification failed.", "host-key"),
        ("/x: line 3: Bad configuration option: colour", "config"),
        ("Error: remote port forwarding failed for listen port 4210", "forwarding"),
        ("the roof is on fire", "lost"),
        ("", "lost"),
    ],
)
def test_a_failed_connection_says_what_to_do(said: str, kind: str) -> None:
    error = connection_error(Target("gpu2", "ada@gpu2"), said)
    assert (error.host, error.kind) == ("gpu2", kind)
    assert "gpu2" in error.message
    assert error.hint


def test_a_changed_key_names_the_machine_not_the_account() -> None:
    error = connection_error(
        Target("gpu2", "ada@10.0.0.2"), "REMOTE HOST IDENTIFICATION HAS CHANGED"
    )
    assert "ssh-keygen -R 10.0.0.2 " in error.hint[0]


def test_a_command_that_the_host_lacks() -> None:
    target = Target("gpu2", "ada@gpu2")
    lacking = command_error(target, ["rsync"], 127, b"sh: 1: rsync: not found\n")
    failed = command_error(target, ["git", "gc"], 1, b"warning\nfatal: disk full\n")
    assert lacking.message == "there is no rsync on gpu2"
    assert failed.message == "git failed on gpu2: fatal: disk full"
