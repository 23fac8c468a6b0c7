"""No cheat is accepted, and every honest fix is."""

import shlex
import sys
from pathlib import Path

import pytest

from core.publish.checks.cheats import FLAGGED, REFUSED
from core.publish.checks.fixes import HONEST
from core.publish.checks.gate_kit import (
    CALC,
    FIXED,
    PYTEST,
    Patch,
    Project,
    diff,
    make,
    results_before,
    verdict_on,
)
from core.publish.checks.quiet_cheats import QUIET
from sweeptree.publish.checks import Runner, Verdict, judge
from sweeptree.repository import find_repository

CHECK = "from calc.core import add\nraise SystemExit(add(20, 30) != 50)\n"
SCRIPT = Project({**CALC, "check.py": CHECK}, command=f"{shlex.quote(sys.executable)} check.py")
TWO_BUGS = Project(
    {
        **CALC,
        "tests/test_gpu.py": "def test_gpu():\n    raise OSError('no GPU here')\n",
    }
)


@pytest.fixture(autouse=True)
def _lean_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugins of our own environment are slow to load and not the project's."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.mark.slow
@pytest.mark.parametrize("patch", REFUSED.values(), ids=REFUSED)
def test_a_cheat_is_refused(patch: Patch, tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path / "project", patch)
    assert not verdict.is_accepted, verdict
    assert verdict.reasons


@pytest.mark.slow
@pytest.mark.parametrize("patch", [*FLAGGED.values(), *QUIET.values()], ids=[*FLAGGED, *QUIET])
def test_what_tests_cannot_tell_from_a_fix_goes_to_a_person(patch: Patch, tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path / "project", patch)
    assert not verdict.is_accepted or verdict.flags


@pytest.mark.slow
@pytest.mark.parametrize("patch", HONEST.values(), ids=HONEST)
def test_an_honest_fix_is_accepted(patch: Patch, tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path / "project", patch)
    assert verdict.is_accepted, verdict.reasons
    assert verdict.flags == ()


def fix_judged(top: Path, budget: float = 600.0, excused: tuple[str, ...] = ()) -> Verdict:
    commit = make(top, TWO_BUGS)
    before = results_before(top, commit, PYTEST).excusing(excused)
    patch = diff(top, {"calc/core.py": FIXED})
    return judge(find_repository(top), commit, patch, before, PYTEST, budget)


@pytest.mark.slow
def test_a_failing_test_that_is_excused_need_not_pass(tmp_path: Path) -> None:
    assert not fix_judged(tmp_path / "a").is_accepted
    verdict = fix_judged(tmp_path / "b", excused=("tests/test_gpu.py::test_gpu",))
    assert verdict.is_accepted
    assert verdict.after is not None and verdict.after.failing == ("tests/test_gpu.py::test_gpu",)


def test_without_time_nothing_is_accepted(tmp_path: Path) -> None:
    verdict = fix_judged(tmp_path / "a", budget=0.0)
    assert verdict.reasons == ("the budget was spent before all was tested",)


def test_where_nothing_failed_there_is_nothing_to_mend(tmp_path: Path) -> None:
    commit = make(tmp_path, TWO_BUGS)
    before = results_before(tmp_path, commit, PYTEST).excusing(
        results_before(tmp_path, commit, PYTEST).failing
    )
    verdict = judge(find_repository(tmp_path), commit, b"x", before, PYTEST, 600.0)
    assert verdict.reasons == ("no test failed before, so there is nothing to mend",)


@pytest.mark.slow
def test_a_fix_of_which_only_the_exit_code_tells_goes_to_a_person(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path / "a", Patch({"calc/core.py": FIXED}, SCRIPT))
    assert verdict.needs_person
    assert verdict.after is not None and verdict.after.runner is Runner.EXIT_CODE


def test_an_exit_code_that_stays_is_no_fix(tmp_path: Path) -> None:
    files = {"calc/core.py": FIXED.replace("+", "*")}
    assert not verdict_on(tmp_path / "a", Patch(files, SCRIPT)).is_accepted


@pytest.mark.slow
def test_the_user_sees_nothing_of_it(tmp_path: Path) -> None:
    verdict = fix_judged(tmp_path, excused=("tests/test_gpu.py::test_gpu",))
    assert verdict.is_accepted
    assert (tmp_path / "calc/core.py").read_text() == CALC["calc/core.py"]
    assert list((tmp_path / ".sweeptree" / "wt" / "merge").iterdir()) == []
