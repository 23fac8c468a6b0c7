"""What ssh is called with, and how words reach the host's shell."""

import shlex
import subprocess
from pathlib import Path

import pytest

from core.hosts.ssh_kit import FarSide
from sweeptree.hosts.ssh.command import Target, command_line, environment

WEIRD = ["plain", "with space", "it's", '"', "$HOME `id` ; echo", "new\nline", "*", "", "-o", "ü"]


def test_ssh_never_asks_and_never_waits_for_ever() -> None:
    argv = Target("gpu2", "ada@gpu2", port=2222, config=Path("/etc/own")).argv("-S", "/run/s")
    assert argv[:5] == ["ssh", "-F", "/etc/own", "-p", "2222"]
    assert argv[-2:] == ["-S", "/run/s"]
    for option in ("BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5"):
        assert option in argv


def test_what_a_user_would_type() -> None:
    assert Target("gpu2", "ada@gpu2").shown == "ssh ada@gpu2"
    own = Target("gpu2", "gpu2", port=2222, config=Path("/my own/config"))
    assert own.shown == "ssh -F '/my own/config' -p 2222 gpu2"


def test_a_command_to_paste_reads_what_ssh_reads_and_keeps_its_words_whole(far: FarSide) -> None:
    own = Target("gpu2", "gpu2", port=2222, config=Path("/my own/config"))
    assert own.typed("df", "-h", "/data") == "ssh -F '/my own/config' -p 2222 gpu2 df -h /data"
    done = subprocess.run(
        ["sh", "-c", own.typed("printf", r"%s\0", *WEIRD)], capture_output=True, check=True
    )
    assert done.stdout.decode().split("\0")[:-1] == WEIRD


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_words_reach_a_shell_unchanged(shell: str) -> None:
    line = command_line(["printf", r"%s\0", *WEIRD])
    done = subprocess.run([shell, "-c", line], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == WEIRD == shlex.split(line)[2:]


def test_a_window_never_asks_for_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_ASKPASS", "/usr/bin/ask")
    found = environment()
    assert "SSH_ASKPASS" not in found
    assert found["LC_ALL"] == "C"
