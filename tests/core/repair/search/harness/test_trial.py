"""One pytest item, run again and again by real pytest without its reports."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

PLUGIN = """\
import json, pytest
from sweeptree.repair.search.harness import alarm, trial

class Plugin:
    def pytest_runtestloop(self, session):
        alarm.install()
        for item in session.items:
            trials = [trial.run_item(item, 0.1) for _ in range(2)]
            line = [[each.has_passed, each.is_out_of_time] for each in trials]
            print(json.dumps({item.name: line}))
        return True

pytest.hookimpl(tryfirst=True)(Plugin.pytest_runtestloop)
pytest.main(["-q", "-s", "-p", "no:cacheprovider", "test_it.py"], plugins=[Plugin()])
"""
TESTS = """\
    import unittest, pytest

    @pytest.fixture
    def broken():
        yield
        raise ValueError

    def test_fine(tmp_path): tmp_path.joinpath("a").mkdir()
    def test_wrong(): assert False
    def test_skipped(): pytest.skip("no")
    def test_teardown(broken): pass
    class TestClass:
        def test_fresh(self):
            assert not hasattr(self, "used")
            self.used = True

    class TestUnit(unittest.TestCase):
        def test_unit(self): self.fail()
        def test_unit_fine(self): pass
        def test_unit_skipped(self): self.skipTest("no")

    def test_last_and_endless():
        while True: pass
"""
GOOD, BAD, LATE = [True, False], [False, False], [False, True]
EXPECTED = {
    "test_fine": GOOD,
    "test_wrong": BAD,
    "test_skipped": BAD,
    "test_teardown": BAD,
    "test_last_and_endless": LATE,
    "test_fresh": GOOD,
    "test_unit": BAD,
    "test_unit_fine": GOOD,
    "test_unit_skipped": BAD,
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("items")
    (folder / "test_it.py").write_text(dedent(TESTS))
    argv = [sys.executable, "-c", PLUGIN]
    root = Path(__file__).resolve().parents[5]
    ran = subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(root)}, check=True
    )
    found: dict[str, object] = {}
    for line in ran.stdout.splitlines():
        if line.startswith("{"):
            found.update(json.loads(line))
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_known_twice_how_an_item_ended(outcomes: dict[str, object], name: str) -> None:
    assert outcomes[name] == [EXPECTED[name], EXPECTED[name]]
