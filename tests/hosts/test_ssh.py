"""Commands, streams and troubles over real ssh."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rig import HOME, Hosts, Rig, RigHost, wait_for

from sweeptree.errors import HostError
from sweeptree.hosts.ssh import Master, Target

WEIRD = ["with space", "it's", "$HOME `id`", "new\nline", "*", "", "ü"]


def target(host: RigHost) -> Target:
    """Where ssh leads for a host of the rig."""
    return Target(host.name, host.name, config=host.rig.ssh_config)


@pytest.fixture
def host(hosts: Hosts) -> RigHost:
    """One host."""
    return hosts(1)[0]


@pytest.fixture
def master(host: RigHost) -> Iterator[Master]:
    with Master(target(host)) as master:
        yield master


@pytest.fixture
def alert(host: RigHost) -> Iterator[Master]:
    """A master that notices soon that nothing comes; on a busy machine also where it only comes
    late."""
    with Master(target(host), beat=0.2, patience=1.0) as master:
        yield master


def master_pid(master: Master) -> int:
    """The process of the shared connection."""
    return master._opened()._process.pid


def connections(host: RigHost) -> int:
    """How many connections the host's sshd serves."""
    names = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in host.processes()]
    return sum(b"@notty" in name for name in names)


def test_a_command_gets_exactly_its_words_and_its_input(master: Master) -> None:
    done = master.run(["printf", r"%s\0", *WEIRD])
    assert done.out.decode().split("\0")[:-1] == WEIRD
    assert master.run(["cat"], b"\0\xff").out == b"\0\xff"
    assert master.run(["cat"]).out == b""
    failed = master.run(["sh", "-c", "echo no >&2; exit 7"])
    assert (failed.rc, failed.out, failed.err) == (7, b"", b"no\n")


def test_an_open_file_as_input(master: Master, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(3 << 20))
    with (tmp_path / "big").open("rb") as file:
        assert master.run(["cat"], file).out == (tmp_path / "big").read_bytes()


def test_exit_code_255_of_a_command_is_an_answer(master: Master) -> None:
    assert master.run(["sh", "-c", "exit 255"]).rc == 255


def test_a_file_is_replaced_whole_and_private(master: Master, host: RigHost) -> None:
    path = f"{HOME}/it's a token"
    master.put(b"one", path)
    master.put(b"two", path)
    there = host.home / "it's a token"
    assert (there.read_bytes(), there.stat().st_mode & 0o777) == (b"two", 0o600)
    with pytest.raises(HostError, match="gpu1"):
        master.put(b"x", f"{HOME}/none/x")


def test_many_threads_share_one_connection(master: Master, host: RigHost) -> None:
    seen: list[bytes] = []

    def ask(number: int) -> None:
        seen.append(master.ask(["echo", str(number)]))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(line) for line in seen) == list(range(24))
    assert connections(host) == 1


def test_a_host_that_allows_few_sessions_is_no_trouble(host: RigHost) -> None:
    host.kill()
    with (host.folder / "sshd_config").open("a") as config:
        config.write("MaxSessions 3\n")
    host.start()
    with Master(target(host)) as master, ThreadPoolExecutor(8) as pool:
        said = pool.map(lambda n: master.ask(["sh", "-c", f"sleep 0.2; echo {n}"]), range(16))
        assert [int(line) for line in said] == list(range(16))


def test_a_stream_is_talked_to_and_ends_with_its_block(master: Master, host: RigHost) -> None:
    with master.stream(["cat"]) as stream:
        stream.stdin.write(b"hello\n")
        stream.stdin.flush()
        assert stream.stdout.readline() == b"hello\n"
        assert len(_cats(host)) == 2  # the connection's own, and this
    wait_for(lambda: len(_cats(host)) == 1, "the end of the stream")


def _cats(host: RigHost) -> list[int]:
    return [pid for pid in host.processes() if _name(pid) == "cat"]


def _name(pid: int) -> str:
    """What a process is called; "" for one that has just ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_programs_that_call_ssh_share_the_connection(master: Master, host: RigHost) -> None:
    master.ask(["git", "init", "-q", "--bare", "there.git"])
    command = {**os.environ, "GIT_SSH_COMMAND": master.ssh_command()}
    argv = ["git", "ls-remote", f"{master.target.address}:there.git"]
    subprocess.run(argv, env=command, check=True, capture_output=True)
    assert connections(host) == 1


def test_the_connection_ends_with_the_master(host: RigHost) -> None:
    with Master(target(host)) as master:
        master.open()
        folder = master._opened().socket.parent
        assert folder.stat().st_mode & 0o777 == 0o700
    wait_for(lambda: connections(host) == 0, "the end of the connection")
    assert not folder.exists()


def test_the_connection_ends_with_a_killed_driver(host: RigHost) -> None:
    script = (
        "import sys; from pathlib import Path; from sweeptree.hosts.ssh import *;"
        "m = Master(Target('gpu1', 'gpu1', config=Path(sys.argv[1]))); m.open();"
        "print('up', flush=True); sys.stdin.read()"
    )
    argv = [os.sys.executable, "-c", script, str(host.rig.ssh_config)]
    driver = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert driver.stdout.readline() == b"up\n"
    assert connections(host) == 1
    driver.kill()
    driver.communicate()
    wait_for(lambda: connections(host) == 0, "the end of the connection")


def test_a_hung_connection_is_noticed_and_replaced(alert: Master) -> None:
    first = master_pid(alert)
    os.kill(first, signal.SIGSTOP)
    wait_for(lambda: not alert._connection.is_alive, "the hung connection to be noticed")
    assert alert.ask(["echo", "again"]) == b"again\n"
    assert master_pid(alert) != first


def test_a_connection_that_breaks_under_a_command_is_told(alert: Master, host: RigHost) -> None:
    alert.open()
    threading.Timer(0.3, host.cut).start()
    with pytest.raises(HostError) as caught:
        alert.run(["sleep", "600"])
    assert (caught.value.host, caught.value.kind) == ("gpu1", "lost")
    host.mend()
    wait_for(lambda: _works(alert), "the mended cable")


def _works(master: Master) -> bool:
    try:
        return master.ask(["true"]) == b""
    except HostError:
        return False


def test_a_command_that_takes_too_long(master: Master) -> None:
    with pytest.raises(HostError, match="gpu1 did not finish sleep within 0 s") as caught:
        master.run(["sleep", "600"], timeout=0.2)
    assert caught.value.kind == "timeout"


def test_what_a_shell_says_of_its_own_does_not_disturb(host: RigHost) -> None:
    (host.home / ".ssh" / "rc").write_text("echo welcome to the cluster\n")
    with Master(target(host)) as master:
        assert master.ask(["echo", "here"]).endswith(b"here\n")


def _kind_of_trouble(to: Target) -> tuple[str, str]:
    with pytest.raises(HostError) as caught, Master(to) as master:
        master.open()
    assert caught.value.hint
    return caught.value.kind, caught.value.message


def test_a_host_that_is_off(rig: Rig, host: RigHost) -> None:
    host.kill()
    kind, text = _kind_of_trouble(target(host))
    assert kind == "unreachable"
    assert text.startswith("gpu1 cannot be reached")


def test_a_host_with_another_key_than_before(host: RigHost) -> None:
    host.kill()
    host.change_host_key()
    host.start()
    kind, text = _kind_of_trouble(target(host))
    assert kind == "host-key"
    assert "host key has changed" in text


def test_a_host_that_ssh_does_not_know_yet(host: RigHost) -> None:
    host.rig.known_hosts.write_text("")
    kind, text = _kind_of_trouble(target(host))
    assert kind == "host-key"
    assert "not known to ssh yet" in text


def test_a_key_that_the_host_does_not_take(host: RigHost) -> None:
    (host.folder / "authorized_keys").write_text("")
    kind, _ = _kind_of_trouble(target(host))
    assert kind == "auth"


def test_a_configuration_that_ssh_cannot_read(host: RigHost) -> None:
    host.rig.ssh_config.write_text("Colour green\n")
    kind, _ = _kind_of_trouble(target(host))
    assert kind == "config"
