"""What tests leave behind in a process."""

import os
from pathlib import Path

import pytest

from core.repair.search.search_kit import load
from sweeptree.repair.search.harness.state import State

CODE = """\
import functools, threading
seen = []
lock = threading.Lock()
count = 0

class Box:
    made = {}

def add(item, into=[]):
    into.append(item)

@functools.lru_cache
def cached(n):
    return n

def set_count():
    global count
    count = 1000
"""


@pytest.fixture
def state(tmp_path: Path) -> tuple[State, dict[str, object]]:
    (tmp_path / "state_subject.py").write_text(CODE)
    module = load(tmp_path / "state_subject.py", "state_subject")
    return State(f"{tmp_path}/"), vars(module)


@pytest.mark.parametrize(
    "harm", ["seen.append(1)", "Box.made.update(a=1)", "add(3)", "set_count()", "Box.made[2] = 3"]
)
def test_a_change_is_seen(state: tuple[State, dict[str, object]], harm: str) -> None:
    assert not state[0].is_changed()
    exec(harm, state[1])
    assert state[0].is_changed()


def test_an_environment_variable_is_seen(
    state: tuple[State, dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEFT_BEHIND", "1")
    assert "LEFT_BEHIND" in os.environ
    assert state[0].is_changed()


def test_caches_are_emptied(state: tuple[State, dict[str, object]]) -> None:
    exec("cached(1)", state[1])
    state[0].refresh()
    assert eval("cached.cache_info().currsize", state[1]) == 0
    assert not state[0].is_changed()
