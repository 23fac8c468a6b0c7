"""The figures of docs/reliability.md.

Small by default; SWEEPTREE_TEST_FIGURES=full has the real numbers (-s shows).
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import psutil
import pytest
from core.keeper_kit import NASTY, until
from fault_kit import Driver, Sweeper, check_history, counted, counting, states
from moments import RECURRING

from sweeptree import supervise
from sweeptree.model import SweepSpec
from sweeptree.records import SweepPaths
from sweeptree.settings import Settings
from sweeptree.sweep import recovery
from sweeptree.sweep.preflight import prepare

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
    chance, crashes, sweeps = random.Random(seed), 0, 0
    print(f"\nseed {seed}")
    while crashes < CRASHES:
        runs = tmp_path / f"runs{sweeps}"
        spec = sweeper.spec(counting(runs, 24, "sleep 0.$SWEEPTREE_JOB"), parallel=4)
        resume = None
        while (report := crashed(sweeper, spec, resume, chance)) is None:
            crashes, resume = crashes + 1, {}
        assert report["message"] == "24 succeeded", (seed, report)
        assert counted(runs) == dict.fromkeys(range(24), 1), seed
        assert states(sweeper.paths(spec)) == ["succeeded"] * 24, seed
        check_history(sweeper.paths(spec))
        sweeps += 1
    print(f"0 jobs lost, 0 run twice: {24 * sweeps} jobs, {crashes} crashes")


def crashed(
    sweeper: Sweeper,
    spec: dict[str, object],
    resume: dict[str, object] | None,
    chance: random.Random,
) -> dict[str, object] | None:
    """Drive the sweep until it ends or dies: at a step or, one time in three, at any time.

    None: it died.
    """
    at_any_time = chance.random() < 0.34
    step = (chance.choice(RECURRING), chance.randint(1, 14))
    driver = sweeper.start(spec, resume=resume, die=[] if at_any_time else [step])
    if at_any_time:
        time.sleep(chance.uniform(0.05, 1.5))  # the time of the crash is the chance itself
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
