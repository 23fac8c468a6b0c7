"""How a launch is made from a job."""

from pathlib import Path

from core.sweep.kit import opened
from sweeptree.sweep import stages
from sweeptree.sweep.launches import Line, make_launch
from sweeptree.sweep.results import SoFar


def test_the_job_s_command_has_the_job_s_files_and_limits(repo: Path) -> None:
    with opened(repo, "true", timeout=7) as sweep:
        job, so_far = sweep.job(0), SoFar().on_attempt(1)
        so_far = so_far.with_worktree(stages.prepare_worktree(job, so_far).worktree)
        launch = make_launch(job, so_far, Line("true"))
        assert (launch.log, launch.timeout) == (sweep.paths.log(0), 7)
        assert launch.alive == sweep.paths.attempt(0, 1, "alive")
        assert launch.env["SWEEPTREE_ATTEMPT"] == "1"
        assert sweep.paths.out(0).is_dir()
        stages.give_back(job, so_far.worktree)


def test_a_line_beside_it_has_files_of_its_own_and_no_slots(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        job, so_far = sweep.job(0), SoFar().on_attempt(1)
        so_far = so_far.with_worktree(stages.prepare_worktree(job, so_far).worktree)
        launch = make_launch(job, so_far, Line("sh fix.sh", ".fix", repo / "log", 9.0))
        assert (launch.log, launch.timeout, launch.slots) == (repo / "log", 9.0, None)
        assert launch.outcome == sweep.paths.attempt(0, 1, "outcome.fix")
        assert launch.name.endswith(".fix")
        stages.give_back(job, so_far.worktree)
