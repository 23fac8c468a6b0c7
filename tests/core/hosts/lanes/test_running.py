"""The jobs of a lane: their switches, and what goes out."""

from __future__ import annotations

import threading
from pathlib import Path

from core.hosts.leases.http_kit import wait_for
from core.sweep.kit import opened
from sweeptree.hosts.lanes.holdings import Holdings
from sweeptree.hosts.lanes.outbox import Outbox
from sweeptree.hosts.lanes.running import Jobs
from sweeptree.hosts.values import Leased
from sweeptree.model import JobState, StopCause
from sweeptree.sweep.results import run_directly
from sweeptree.sweep.running import Sweep

ONE = Leased(0, 1)


class Run:
    """The only job of a sweep, run in a thread."""

    def __init__(self, sweep: Sweep, folder: Path) -> None:
        self.sweep = sweep
        self.holdings = Holdings(1)
        self.outbox = Outbox(folder / "outbox")
        self.jobs = Jobs(sweep, self.holdings, self.outbox, None)
        self.holdings.add([ONE])
        assert self.holdings.take() == ONE
        self._thread = threading.Thread(target=self.jobs.run, args=(ONE, run_directly))
        self._thread.start()

    def await_start(self) -> None:
        wait_for(lambda: self.sweep.store.record(0).state is JobState.RUNNING)

    def end(self) -> tuple[tuple[Leased, ...], tuple[Leased, ...]]:
        """What is to be told, and what was given back."""
        self._thread.join(60)
        return self.outbox.leases(), self.holdings.take_returned()


def test_what_came_of_a_job_is_put_out(repo: Path, tmp_path: Path) -> None:
    with opened(repo, "exit 4") as sweep:
        run = Run(sweep, tmp_path)
        assert run.end() == ((ONE,), ())
        assert run.jobs.states() == {"failed": 1}
        assert run.jobs.progress.counts() == (1, 1)


def test_a_job_that_the_driver_wants_ended_is_told(repo: Path, tmp_path: Path) -> None:
    with opened(repo, "sleep 300") as sweep:
        run = Run(sweep, tmp_path)
        run.await_start()
        run.jobs.end([ONE, Leased(9, 1)], kill=False)
        assert run.end() == ((ONE,), ())
        assert run.jobs.states() == {"cancelled": 1}


def test_a_job_that_ends_because_this_host_stops_goes_back(repo: Path, tmp_path: Path) -> None:
    with opened(repo, "sleep 300") as sweep:
        run = Run(sweep, tmp_path)
        run.await_start()
        sweep.stop.stop(StopCause.INTERRUPTED)
        assert run.end() == ((), (ONE,))
        assert run.jobs.states() == {}


def test_a_job_whose_command_runs_is_not_handed_back(repo: Path, tmp_path: Path) -> None:
    with opened(repo, "until [ -e go ]; do sleep 0.02; done") as sweep:
        run = Run(sweep, tmp_path)
        run.await_start()
        run.jobs.hand_back([ONE, Leased(9, 1)])
        worktree = sweep.store.record(0).worktree
        assert worktree is not None
        (Path(worktree) / "go").touch()
        assert run.end() == ((ONE,), ())
        assert run.jobs.states() == {"succeeded": 1}


def test_a_job_that_did_not_begin_goes_back(repo: Path, tmp_path: Path) -> None:
    with opened(repo, "touch ran") as sweep:
        sweep.stop.stop(StopCause.CANCELLED)
        run = Run(sweep, tmp_path)
        assert run.end() == ((), (ONE,))
        assert sweep.store.record(0).attempts == ()


def test_what_runs_goes_on_when_nothing_more_is_to_begin(repo: Path, tmp_path: Path) -> None:
    with opened(repo, "until [ -e ../go ]; do sleep 0.02; done") as sweep:
        run = Run(sweep, tmp_path)
        run.await_start()
        run.jobs.hold_back([ONE, Leased(9, 1)])
        (repo / ".sweeptree" / "wt" / "exp" / "go").touch()
        assert run.end() == ((ONE,), ())
        assert run.jobs.states() == {"succeeded": 1}


def test_what_is_only_being_set_up_goes_back_then(repo: Path, tmp_path: Path) -> None:
    with opened(repo, "touch ran", setup="touch ../set; sleep 300") as sweep:
        run = Run(sweep, tmp_path)
        wait_for((repo / ".sweeptree" / "wt" / "exp" / "set").exists)
        run.jobs.hold_back([ONE])
        assert run.end() == ((), (ONE,))


def test_a_setup_is_asked_once_to_end_and_has_its_grace(repo: Path, tmp_path: Path) -> None:
    saves = "touch ../asked; sleep 0.3; touch ../saved; exit 1"
    setup = f"trap '{saves}' TERM; touch ../set; sleep 300 & wait"
    with opened(repo, "touch ran", setup=setup, grace=30) as sweep:
        run = Run(sweep, tmp_path)
        beside = repo / ".sweeptree" / "wt" / "exp"
        wait_for((beside / "set").exists)
        run.jobs.hand_back([ONE])
        wait_for((beside / "asked").exists)
        run.jobs.hand_back([ONE])
        assert run.end() == ((), (ONE,))
        assert (beside / "saved").exists()


def test_a_job_that_is_taken_a_moment_later_goes_back_too(repo: Path, tmp_path: Path) -> None:
    with opened(repo, "touch ran") as sweep:
        holdings = Holdings(1)
        jobs = Jobs(sweep, holdings, Outbox(tmp_path / "outbox"), None)
        jobs.hold_back([])
        jobs.run(ONE, run_directly)
        assert holdings.take_returned() == (ONE,)
        assert sweep.store.record(0).attempts == ()
