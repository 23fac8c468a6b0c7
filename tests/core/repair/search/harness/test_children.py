"""Children that die, hang, fork and change things cost one task at most."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeptree.repair.search.harness.children import Answer, Children, Rules
from sweeptree.system.signalling import PR_SET_CHILD_SUBREAPER, prctl

Work = Callable[[int], Answer]
RULES = Rules(guard_seconds=0.5, memory_bytes=256 * 1024 * 1024, per_child=10)


@pytest.fixture(autouse=True)
def _no_subreaper_afterwards() -> Iterator[None]:
    """The process of the tests takes the orphans of later tests for its own no longer."""
    yield
    prctl(PR_SET_CHILD_SUBREAPER, 0)


def states(work: Work, count: int = 4, is_clean: Callable[[], bool] = lambda: True) -> list[object]:
    children: Children[int] = Children(work, is_clean, RULES)
    return [answer["state"] for _, answer in children.run(range(count))]


def test_each_task_is_answered_in_order_by_one_child() -> None:
    pids = states(lambda task: {"state": [task, os.getpid()]})
    assert [task for task, _ in pids] == [0, 1, 2, 3]  # type: ignore[misc]
    assert len({pid for _, pid in pids} - {os.getpid()}) == 1  # type: ignore[misc]


def test_one_that_is_not_clean_is_the_last_of_its_child() -> None:
    assert len(set(states(lambda _: {"state": os.getpid()}, is_clean=lambda: False))) == 4


@pytest.mark.parametrize(
    ("harm", "state"),
    [
        (lambda: os._exit(0), "died"),
        (lambda: os.kill(os.getpid(), 9), "died"),
        (lambda: time.sleep(60), "hung"),
        (lambda: bytearray(2**30), "died"),
    ],
)
def test_one_that_is_lost_costs_its_own_task(harm: Callable[[], None], state: str) -> None:
    def work(task: int) -> Answer:
        if task == 1:
            harm()
        return {"state": "fine"}

    assert states(work) == ["fine", state, "fine", "fine"]


def test_nothing_that_a_task_started_stays(tmp_path: Path) -> None:
    def work(_task: int) -> Answer:
        argv = ["sh", "-c", f"setsid sleep 61.25 & echo $! > {tmp_path}/pid; wait"]
        subprocess.Popen(argv, start_new_session=True)
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
            time.sleep(0.005)
        return {"state": "fine"}

    assert states(work, 1) == ["fine"]
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
