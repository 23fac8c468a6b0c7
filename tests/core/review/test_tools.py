"""Other people's tools: found, run without secrets, ended in time."""

import os
import sys
import time
from pathlib import Path

import pytest

from sweeptree.review.tools import ToolAnswer, ToolTrouble, find_tool, json_of, run_tool


def program(folder: Path, name: str, text: str = "echo ok") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_the_repositorys_own_environment_comes_first(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    own = program(tmp_path / ".venv" / "bin", "ruff")
    assert find_tool("ruff", tmp_path) == str(own)


def test_ours_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tool("ruff", tmp_path) == str(Path(sys.executable).parent / "ruff")
    assert find_tool("no-such-tool", tmp_path) is None


def test_a_tool_sees_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "hidden99")
    monkeypatch.setenv("MY_API_KEY", "hidden99")
    assert "hidden99" not in run_tool(["env"], tmp_path).out


def test_a_tool_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    hanging = program(tmp_path, "hang", "sleep 77 & echo $! > pid; wait")
    with pytest.raises(ToolTrouble, match=r"hang took more than 0 s|hang took"):
        run_tool([str(hanging)], tmp_path, timeout=0.3)
    child = int((tmp_path / "pid").read_text())
    assert is_gone(child)


def is_gone(pid: int) -> bool:
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or ") Z " in stat.read_text():
            return True
        time.sleep(0.01)
    return False


def test_a_tool_that_is_not_there_is_trouble(tmp_path: Path) -> None:
    with pytest.raises(ToolTrouble, match="cannot be started"):
        run_tool([os.fspath(tmp_path / "nothing")], tmp_path)


def test_what_is_no_json_is_trouble_with_its_last_words() -> None:
    with pytest.raises(ToolTrouble, match="ruff ended with code 2: bad config"):
        json_of(ToolAnswer(2, "", "error\nbad config\n"), "ruff")
