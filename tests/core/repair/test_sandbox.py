"""What a coding agent can see and touch."""

import os
import subprocess
from pathlib import Path

import pytest

from sweeptree.repair.sandbox import EMPTY, Place, agent_environment, find_sandbox, sandboxed

needs_bubblewrap = pytest.mark.skipif(find_sandbox() is None, reason="no bubblewrap here")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folders = [tmp_path / name for name in ("top", "git", "objects", "files")]
    for folder in folders:
        folder.mkdir()
    (tmp_path / "files" / EMPTY).touch()
    return Place(*folders, hidden=(tmp_path / "token",))


def run(command: str, place: Place, home: Path, program: str | None) -> str:
    line = sandboxed(command, place, home, program)
    env = agent_environment({**os.environ, "HOME": str(home)}, ())
    words = ["/bin/sh", "-c", line]
    done = subprocess.run(words, env=env, cwd=place.top, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_only_known_variables_and_the_named_ones_are_seen() -> None:
    given = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "GH_TOKEN": "t",
        "OPENAI_API_KEY": "k",
        "OTHER": "o",
        "HTTPS_PROXY": "http://user:secret@proxy",
    }
    assert agent_environment(given, ()) == {"PATH": "/bin", "LC_ALL": "C"}
    assert set(agent_environment(given, ("OPENAI_API_KEY",))) == {
        "PATH",
        "LC_ALL",
        "OPENAI_API_KEY",
    }


@needs_bubblewrap
def test_the_worktree_can_be_written_and_nothing_else(place: Place, tmp_path: Path) -> None:
    out = run("echo x > here; pwd; cd .. && echo x > there", place, tmp_path, find_sandbox())
    assert (place.top / "here").exists() and not (tmp_path / "there").exists()
    assert str(place.top) in out
    assert "Read-only" in run("echo x > /usr/there", place, tmp_path, find_sandbox())


@needs_bubblewrap
def test_places_of_tokens_are_empty(place: Place, git_env: Path) -> None:
    home = Path.cwd() / ".sandbox-home"  # not below /tmp, which is empty anyway
    (home / ".ssh").mkdir(parents=True)
    try:
        (home / ".ssh" / "id").write_text("hidden")
        (home / ".netrc").write_text("hidden")
        out = run(f"ls {home}/.ssh; cat {home}/.netrc; echo end", place, home, find_sandbox())
    finally:
        (home / ".ssh" / "id").unlink()
        (home / ".netrc").unlink()
        (home / ".ssh").rmdir()
        home.rmdir()
    assert out == "end\n"


@needs_bubblewrap
def test_other_processes_cannot_be_seen(place: Place, tmp_path: Path) -> None:
    out = run(f"ls /proc; kill -0 {os.getpid()}", place, tmp_path, find_sandbox())
    assert "No such process" in out


@needs_bubblewrap
def test_an_agent_may_write_to_its_own_place_only(place: Place, tmp_path: Path) -> None:
    (tmp_path / ".codex").mkdir()
    command = "codex || echo x > $HOME/.codex/session"
    run(command, place, tmp_path, find_sandbox())
    assert (tmp_path / ".codex" / "session").exists()
    run("x=1 claude || echo x > $HOME/.codex/other", place, tmp_path, find_sandbox())
    assert not (tmp_path / ".codex" / "other").exists()


@pytest.mark.parametrize("program", [None, find_sandbox()])
def test_a_file_has_a_limit(place: Place, tmp_path: Path, program: str | None) -> None:
    run("head -c 200000000 /dev/zero > big", place, tmp_path, program)
    assert (place.top / "big").stat().st_size <= 128 * 1024**2
