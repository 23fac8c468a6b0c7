"""The figures of docs/reliability.md.

Small by default; SWEEPTREE_TEST_FIGURES=full has the real numbers (-s shows).
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from core.keeper_kit import NASTY, until
from fault_kit import Driver, Sweeper, check_history, counted, counting, findings, states
from helpers import git
from moments import RECURRING

from sweeptree import supervise
from sweeptree.model import SweepSpec
from sweeptree.records import SweepPaths
from sweeptree.settings import Settings
from sweeptree.sweep import recovery
from sweeptree.sweep.preflight import prepare
from sweeptree.system import locks

FULL = os.environ.get("SWEEPTREE_TEST_FIGURES") == "full"
KILLS, CRASHES, JOBS = (100, 50, 10_000) if FULL else (3, 4, 300)
pytestmark = pytest.mark.timeout(1800 if FULL else 300)


def test_no_orphan_after_the_driver_was_killed_again_and_again(sweeper: Sweeper) -> None:
    for number in range(KILLS):
        spec = sweeper.spec([NASTY])
        driver, paths = sweeper.start(spec), sweeper.paths(spec)
        until(lambda spec=spec: len(sweeper.pids(spec)) >= 10, 60)
        driver.kill()
        assert recovery.orphans(paths) == []  # each process has its keeper still
        keeper = supervise.adopt(paths.attempt(0, 1, "alive"), paths.attempt(0, 1, "outcome"))
        if number % 2:
            os.kill(keeper.pid, signal.SIGKILL)
            until(lambda keeper=keeper: not keeper.is_alive())
            recovery.end_orphans(paths)
        else:
            keeper.kill()
            assert keeper.wait(30) is not None
        assert sweeper.pids(spec) == set()
    print(f"\n0 orphans after {KILLS} kills of a driver with a hostile tree")


def test_no_job_is_lost_or_run_twice_over_random_crashes(sweeper: Sweeper, tmp_path: Path) -> None:
    seed = int(os.environ.get("SWEEPTREE_TEST_SEED", random.SystemRandom().randrange(10**6)))
    chance, crashes, sweeps, keepers = random.Random(seed), 0, 0, 0
    print(f"\nseed {seed}")
    while crashes < CRASHES:
        runs = tmp_path / f"runs{sweeps}"
        spec = sweeper.spec(counting(runs, 24, "sleep 0.$SWEEPTREE_JOB"), parallel=4)
        resume, excused = None, Counter[int]()
        while not ended_well(report := crashed(sweeper, spec, resume, chance, excused)):
            crashes, resume = crashes + (report is None), {}
            tell_what_is_left(sweeper, spec, seed)
        again = counted(runs) - Counter(dict.fromkeys(range(24), 1))
        assert set(counted(runs)) == set(range(24)) and again <= excused, (seed, again, excused)
        assert states(sweeper.paths(spec)) == ["succeeded"] * 24, seed
        check_history(sweeper.paths(spec))
        check_nothing_is_left(sweeper, seed)
        sweeps, keepers = sweeps + 1, keepers + excused.total()
    jobs, kills = 24 * sweeps, f"{crashes} crashes, {keepers} keepers killed"
    print(f"0 jobs lost, 0 run twice, no worktree left, doctor truthful: {jobs} jobs, {kills}")


def ended_well(report: dict[str, object] | None) -> bool:
    """Whether the sweep is done; one that ended with a lost job goes on too."""
    return report is not None and report["message"] == "24 succeeded"


def tell_what_is_left(sweeper: Sweeper, spec: dict[str, object], seed: int) -> None:
    """Doctor names a stale record exactly when there is one; keepers may end while it looks."""
    paths, said = sweeper.paths(spec), set[str]()

    def looked_at_rest() -> bool:
        nonlocal said
        before = recovery.stale_jobs(paths)
        said = {name for name, _ in findings(sweeper.repo)}
        return recovery.stale_jobs(paths) == before

    until(looked_at_rest)
    assert ("records" in said) == bool(recovery.stale_jobs(paths)), (seed, said)


def check_nothing_is_left(sweeper: Sweeper, seed: int) -> None:
    """No worktree is registered but the user's own, and doctor says so."""
    listing = git("worktree", "list", "--porcelain", cwd=sweeper.repo)
    assert listing.count("worktree ") == 1, (seed, listing)
    left = {name for name, _ in findings(sweeper.repo)} - {"token", "disk", "server"}
    assert left == set(), (seed, findings(sweeper.repo))


def kill_a_keeper(sweeper: Sweeper, spec: dict[str, object], chance: random.Random) -> list[int]:
    """kill -9 of one keeper whose job runs; the job's number."""
    alive = sorted(sweeper.paths(spec).state.glob("job_*.alive"))
    living = [file for file in alive if locks.is_held(file)]
    if not living:
        return []
    file = chance.choice(living)
    keeper = supervise.adopt(file, file.with_suffix(".outcome"))
    if keeper.pid:
        os.kill(keeper.pid, signal.SIGKILL)
    return [int(file.name.split(".")[0].removeprefix("job_"))] if keeper.pid else []


def crashed(
    sweeper: Sweeper,
    spec: dict[str, object],
    resume: dict[str, object] | None,
    chance: random.Random,
    excused: Counter[int],
) -> dict[str, object] | None:
    """Drive the sweep until it ends or dies: at a step or, one time in three, at any time, then
    every second time with a keeper, whose job is `excused` for running again.

    None: it died.
    """
    at_any_time = chance.random() < 0.34
    step = (chance.choice(RECURRING), chance.randint(1, 14))
    driver = sweeper.start(spec, resume=resume, die=[] if at_any_time else [step])
    if at_any_time:
        time.sleep(chance.uniform(0.05, 1.5))  # the time of the crash is the chance itself
        excused.update(kill_a_keeper(sweeper, spec, chance) if chance.random() < 0.5 else [])
        driver.kill()
    return driver.wait()


def test_a_large_sweep_is_flat_in_time_and_small_in_memory(sweeper: Sweeper) -> None:
    spec = sweeper.spec((), commands_file=str(sweeper.repo.parent / "commands.json"), parallel=4)
    Path(spec["commands_file"]).write_text(json.dumps([f"true {n}" for n in range(JOBS)]))
    began = time.process_time()
    prepared = prepare(SweepSpec.model_validate(spec), Settings())
    plan = time.process_time() - began
    driver, tenth = sweeper.start(spec), JOBS // 10
    costs = [cpu_when(driver, sweeper.paths(spec), tenth * n) for n in (1, 2, 8, 9)]
    report = driver.wait(1500)
    assert report is not None and report["message"] == f"{JOBS} succeeded"
    first, last = ((costs[n + 1] - costs[n]) / tenth * 1000 for n in (0, 2))
    print(
        f"\n{JOBS} jobs: plan {plan:.2f} s CPU, {report['rss_mb']:.0f} MB, "
        f"{first:.1f} then {last:.1f} ms CPU per job"
    )
    assert (len(prepared.jobs), len(states(sweeper.paths(spec)))) == (JOBS, JOBS)
    assert report["rss_mb"] < 400
    assert last < 2 * first + 5


def cpu_when(driver: Driver, paths: SweepPaths, jobs: int) -> float:
    """The driver's CPU seconds once that many jobs have ended."""
    until(
        lambda: paths.ledger.exists() and paths.ledger.read_bytes().count(b'"succeeded"') >= jobs,
        1200,
    )
    used = psutil.Process(driver.pid).cpu_times()
    return used.user + used.system
