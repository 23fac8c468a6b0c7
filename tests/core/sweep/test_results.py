"""What is known of a job on its way, and that trouble is a result like the others."""

from pathlib import Path

from core.sweep.kit import opened
from sweeptree.errors import GitError
from sweeptree.model import Branch, JobState, Outcome, Worktree
from sweeptree.sweep.results import Delivered, Ran, SoFar, Stage, Trouble, caught, run_directly

PLACE = Worktree(Path("/w"), Path("/w"), "c0ffee", 0)
OK = Outcome(JobState.SUCCEEDED, 0, None, None, None, "2026-01-01T00:00:00+00:00", 1.0, None)


def fail() -> int:
    raise GitError("no")


def test_what_is_raised_comes_back_as_trouble() -> None:
    found = caught("commit", fail)
    assert isinstance(found, Trouble)
    assert (found.step, found.reason) == ("commit", "no")
    assert caught("commit", lambda: 7) == 7


def test_a_stage_that_raises_returns_its_trouble(repo: Path) -> None:
    stage: Stage[int] = Stage("run-command", "command", lambda job, so_far: fail())
    with opened(repo, "true") as sweep:
        found = run_directly(stage, sweep.job(0), SoFar())
    assert isinstance(found, Trouble) and found.step == "command"


def test_a_new_try_forgets_the_worktree_and_counts() -> None:
    so_far = SoFar().on_attempt(3).after_command(Ran(OK, PLACE, left_work=True))
    again = so_far.on_attempt(4)
    assert (again.attempt, again.tries, again.worktree, again.left_work) == (4, 2, None, False)


def test_each_result_makes_a_new_value() -> None:
    before = SoFar()
    after = before.after_command(Ran(OK, PLACE, left_work=False))
    branch = Branch("sweeptree/exp/0", "c0ffee")
    assert (before.has_succeeded, after.has_succeeded) == (False, True)
    assert after.after_delivery(Delivered(branch)).branch == branch
    assert after.owing_delivery().keep
