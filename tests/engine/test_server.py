"""Starting, finding, stopping and watching the managed server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from server_kit import post

from sweeptree.engine.server import Server, StartPolicy, Watchdog, ensure, environment, status, stop
from sweeptree.engine.server.token import auth_string
from sweeptree.errors import ServerError

pytestmark = pytest.mark.engine

START = """
import sys
from pathlib import Path
from sweeptree.engine.server import StartPolicy, ensure
print(ensure(Path(sys.argv[1]), 0, StartPolicy(app=sys.argv[2])).pid)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a home?"
    yield folder
    stop(folder)


@contextmanager
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def alive(server: Server) -> bool:
    """Zombies do not count: who adopts the server need not be quick to reap it."""
    try:
        return Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_two_callers_at_once_start_one_server_that_outlives_them(home: Path, plain: str) -> None:
    argv = [sys.executable, "-c", START, str(home), plain]
    callers = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = {int(caller.communicate()[0]) for caller in callers}
    server = status(home)
    assert server is not None
    assert pids == {server.pid}
    assert server.answers()
    assert os.getsid(server.pid) == server.pid


def test_a_living_server_is_used_again(home: Path, plain: str) -> None:
    first = ensure(home, 0, StartPolicy(app=plain))
    assert ensure(home, 1, StartPolicy(app=plain)) == first


def test_a_relative_home_is_meant_from_here(
    tmp_path: Path, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server = ensure(Path("home"), 0, StartPolicy(app=plain))
    try:
        assert status(tmp_path / "home") == server
    finally:
        assert stop(Path("home"))


def test_stop_ends_exactly_the_server_of_its_home(home: Path, tmp_path: Path, plain: str) -> None:
    server, other = (
        ensure(home, 0, StartPolicy(app=plain)),
        ensure(tmp_path / "other", 0, StartPolicy(app=plain)),
    )
    try:
        assert stop(home)
        assert status(home) is None
        assert not alive(server)
        assert other.answers()
    finally:
        assert stop(other.home)
    assert not stop(home)


def test_a_busy_port_gives_one_of_the_next(home: Path, plain: str) -> None:
    with busy_port() as port:
        server = ensure(home, port, StartPolicy(app=plain))
        assert server.moved
        assert (server.wanted_port, server.port > port) == (port, True)
        assert json.loads((home / "server.json").read_text())["port"] == server.port


def test_a_busy_port_is_refused_when_no_other_will_do(home: Path, plain: str) -> None:
    with busy_port() as port, pytest.raises(ServerError, match=f"port {port} is in use"):
        ensure(home, port, StartPolicy(app=plain, exact=True))


def test_a_start_that_fails_shows_the_end_of_the_log(home: Path) -> None:
    with pytest.raises(ServerError, match="No module named 'no_such_app'") as caught:
        ensure(home, 0, StartPolicy(app="no_such_app:make"))
    assert str(home / "server.log") in caught.value.hint[0]
    assert status(home) is None


def test_a_silent_server_is_replaced_on_the_same_port(home: Path, plain: str) -> None:
    manner = StartPolicy(app=plain, start=60, answer=0.1, stop=0.1)
    first = ensure(home, 0, manner)
    os.kill(first.pid, signal.SIGSTOP)
    os.utime(home / "server.json", (0, 0))
    second = ensure(home, 0, manner)
    assert second.pid != first.pid
    assert second.port == first.port
    assert not alive(first)


def test_the_server_sees_neither_the_users_prefect_settings_nor_git(
    home: Path, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql://elsewhere")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    server = ensure(home, 0, StartPolicy(app=plain))
    assert b"elsewhere" not in Path(f"/proc/{server.pid}/environ").read_bytes()


def test_a_long_log_is_moved_aside(home: Path, plain: str) -> None:
    home.mkdir()
    (home / "server.log").write_bytes(b"x" * (5 * 1024 * 1024))
    ensure(home, 0, StartPolicy(app=plain))
    wait_for(lambda: (home / "server.log").stat().st_size < 1024)
    assert (home / "server.log.1").stat().st_size == 5 * 1024 * 1024


def test_the_files_are_the_owners_alone(home: Path, plain: str) -> None:
    ensure(home, 0, StartPolicy(app=plain))
    assert home.stat().st_mode & 0o077 == 0
    assert [path.name for path in home.iterdir() if path.stat().st_mode & 0o077] == []


def test_two_watchdogs_restart_a_killed_server_once_on_its_port(home: Path, plain: str) -> None:
    first = ensure(home, 0, StartPolicy(app=plain))
    with (
        Watchdog(home, first.port, StartPolicy(app=plain)) as one,
        Watchdog(home, first.port, StartPolicy(app=plain)) as two,
    ):
        os.kill(first.pid, signal.SIGKILL)
        wait_for(lambda: all(dog.outages and dog.outages[-1].until for dog in (one, two)))
        second = status(home)
        assert second is not None
        assert (second.port, second.pid != first.pid) == (first.port, True)
        assert [len(dog.outages) for dog in (one, two)] == [1, 1]


def test_a_watchdog_leaves_a_server_that_was_stopped_on_request(home: Path, plain: str) -> None:
    server = ensure(home, 0, StartPolicy(app=plain))
    with Watchdog(home, server.port, StartPolicy(app=plain)) as dog:
        stop(home)
        with pytest.raises(AssertionError, match="in vain"):
            wait_for(lambda: status(home) is not None, 3)
        ensure(home, server.port, StartPolicy(app=plain, exact=True))
        wait_for(lambda: dog.outages[0].until is not None)


def test_a_watchdog_starts_nothing_on_another_port(home: Path, plain: str) -> None:
    home.mkdir()
    (home / "server.json").write_text("{}")  # as a crash leaves it
    with busy_port() as port, Watchdog(home, port, StartPolicy(app=plain)) as dog:
        wait_for((home / "server.log").exists)
    assert dog.outages[0].until is None
    assert status(home) is None


KILLED_FLOW = """
import os, signal, sys
from pathlib import Path
from sweeptree.engine.server import Watchdog, ensure, environment
server = ensure(Path(sys.argv[1]), 0)
os.environ.update(environment(server))
from prefect import flow, task

@task
def job(i):
    if i == 2:
        os.kill(server.pid, signal.SIGKILL)

@flow
def sweep(first):
    for i in range(first, first + 3):
        job(i)

with Watchdog(server.home, server.port) as dog:
    sweep(10)
    sweep(0)
    print(len(dog.outages), dog.outages[0].until is not None)
"""


def test_flow_runs_before_and_after_a_kill_are_all_recorded(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_FLOW, str(home)], capture_output=True, text=True, check=True
    )
    outages, over = done.stdout.split()
    server = status(home)
    assert server is not None
    assert (outages, over) == ("1", "True")
    runs = post(server, "/flow_runs/filter", {}).json()
    assert [run["state_name"] for run in runs] == ["Completed", "Completed"]


def test_a_key_for_another_server_is_not_sent_to_ours(home: Path, plain: str) -> None:
    values = environment(ensure(home, 0, StartPolicy(app=plain)))
    assert (values["PREFECT_API_KEY"], values["PREFECT_API_AUTH_STRING"]) == ("", auth_string(home))


def tables(home: Path) -> set[str]:
    """The tables of the server's database."""
    with closing(
        sqlite3.connect(f"file:{quote(str(home / 'prefect.db'))}?mode=ro", uri=True)
    ) as database:
        return {
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }


def test_a_server_killed_while_it_makes_its_first_database_is_followed_by_a_whole_one(
    home: Path,
) -> None:
    caller = threading.Thread(target=lambda: suppressed(ensure, home, 0))
    caller.start()
    wait_for(lambda: (home / "prefect.db").exists() and len(tables(home)) > 3)
    killed = status(home)
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    wait_for(lambda: not alive(killed) and not users_of(home / "prefect.db"))
    caller.join()
    server = ensure(home, 0)
    assert post(server, "/flow_runs/filter", {}).json() == []
    assert {"flow_run", "task_run", "events", "alembic_version"} <= tables(home)


def suppressed(call: Callable[..., object], *words: object) -> None:
    with contextlib.suppress(ServerError):
        call(*words)


def users_of(file: Path) -> list[str]:
    """The processes that have the file open."""
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):
            if any(link.exists() and link.samefile(file) for link in folder.iterdir()):
                found.append(folder.parent.name)
    return found
