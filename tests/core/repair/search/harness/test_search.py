"""Known fixes are found valid and bugs are found, whatever the tests do to their process."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from core.repair.search.search_kit import project
from sweeptree.repair.search import SearchLimits, SearchTask, judge_edits, search

pytestmark = pytest.mark.slow
LIMITS = SearchLimits(30.0, 200.0)
MODULE = """\
import functools
import os
import time

seen = []
files = os.path.join(os.path.dirname(__file__), "files")

def wrapped(function):
    @functools.wraps(function)
    def inner(*given):
        return function(*given)
    return inner

def add(a, b):
    return a - b

@wrapped
def add_wrapped(a, b):
    return a - b

@functools.lru_cache
def add_cached(a, b):
    return a - b

def add_slowly(a, b):
    began = time.process_time()
    while time.process_time() - began < 0.2:
        pass
    return a - b

def add_once(a, b):
    seen.append(a)
    return a - b if len(seen) == 1 else 0

def add_to_file(a, b):
    os.makedirs(files, exist_ok=True)
    open(os.path.join(files, str(len(os.listdir(files)))), "w").close()
    return a - b if len(os.listdir(files)) == 1 else 0
"""
NAMES = ["add", "add_wrapped", "add_cached", "add_slowly", "add_once", "add_to_file"]
UNITTEST = """\
    import unittest
    import program

    class TestAdd(unittest.TestCase):
        def setUp(self):
            self.two = 2

        def test_add(self):
            self.assertEqual(program.add(self.two, 3), 5)

        def test_zero(self):
            self.assertEqual(program.add(self.two, 0), 2)
"""
HARMFUL = """\
    import os, subprocess, sys, threading, time
    import pytest
    import program

    def test_add(tmp_path):
        print("x" * 1_000_000)
        (tmp_path / "file").write_text("x")
        assert program.add(2, 3) == 5

    def test_harm():
        if program.add(4, 0) != 4:
            {harm}
"""
HARM = {
    "exit": "os._exit(0)",
    "system exit": "sys.exit(0)",
    "skip": "pytest.skip('no')",
    "kill": "os.kill(os.getpid(), 9)",
    "hang": "time.sleep(3600)",
    "spin": "exec('while True: pass')",
    "fork": "os.fork() or exec('while True: time.sleep(1)'); raise ValueError",
    "orphan": "subprocess.Popen(['sleep', '61.75'], start_new_session=True); raise ValueError",
    "thread": "threading.Thread(target=time.sleep, args=(3600,)).start(); raise ValueError",
    "memory": "bytearray(2 ** 35)",
    "closed": "os.closerange(3, 1000)",
    "removed": "__import__('shutil').rmtree('.')",
    "moved": "os.chdir('/'); raise ValueError",
}


def fixed(name: str) -> bytes:
    before, _, after = MODULE.partition(f"def {name}(")
    return f"{before}def {name}({after.replace('a - b', 'a + b', 1)}".encode()


@pytest.mark.parametrize("name", NAMES)
def test_a_known_fix_is_valid(tmp_path: Path, name: str) -> None:
    call = f"    assert program.{name}"
    tests = f"import program\n\ndef test_one():\n{call}(2, 3) == 5\n"
    top = project(tmp_path / "repo", MODULE, tests)
    task = SearchTask(top, ("test_program.py::test_one",), (), sys.executable)
    assert judge_edits(task, LIMITS, {"program.py": fixed(name)})


def test_a_function_behind_a_decorator_is_repaired(tmp_path: Path) -> None:
    tests = "import program\n\ndef test_one():\n    assert program.add_wrapped(2, 3) == 5\n"
    top = project(tmp_path / "repo", MODULE, tests)
    task = SearchTask(top, ("test_program.py::test_one",), (), sys.executable)
    assert b"+    return a + b" in search(task, LIMITS).repairs[0].patch


def test_unittests_failures_are_seen(tmp_path: Path) -> None:
    top = project(tmp_path / "repo", MODULE, UNITTEST)
    names = [f"test_program.py::TestAdd::test_{name}" for name in ("add", "zero")]
    task = SearchTask(top, (names[0],), (names[1],), sys.executable)
    first = search(task, LIMITS).repairs[0]
    assert b"+    return a + b" in first.patch
    assert first.tests_passed == 2


@pytest.mark.parametrize("harm", HARM)
def test_what_a_candidate_makes_tests_do_costs_that_candidate(tmp_path: Path, harm: str) -> None:
    tests = dedent(HARMFUL).format(harm=HARM[harm])
    top = project(tmp_path / "repo", "def add(a, b):\n    return a - b\n", tests)
    names = [f"test_program.py::test_{name}" for name in ("add", "harm")]
    outcome = search(SearchTask(top, (names[0],), (names[1],), sys.executable), LIMITS)
    assert b"+    return a + b" in outcome.repairs[0].patch, outcome.reason
    assert not _processes_with("61.75")


def _processes_with(word: str) -> list[str]:
    deadline = time.monotonic() + 5
    while (found := _found(word)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _found(word: str) -> list[str]:
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if line.startswith("sleep ") and word in line:
            lines.append(line)
    return lines
