"""A cancel and the time limit are obeyed while a sweep runs."""

from pathlib import Path

import pytest

from core.sweep.kit import opened
from sweeptree.model import StopCause
from sweeptree.sweep import orders

WAIT = 20.0


@pytest.mark.parametrize("word", ["term", "kill"])
def test_a_cancel_is_obeyed(repo: Path, word: str) -> None:
    with opened(repo, "true") as sweep, orders.obeyed(sweep):
        sweep.paths.cancel.write_text(word)
        assert sweep.stop.stopping.wait(WAIT)
        assert sweep.stop.cause is StopCause.CANCELLED


def test_the_time_limit_is_obeyed(repo: Path) -> None:
    with opened(repo, "true", time_limit=0.01) as sweep, orders.obeyed(sweep):
        assert sweep.stop.stopping.wait(WAIT)
        assert sweep.stop.cause is StopCause.TIME_LIMIT


def test_a_cancel_that_was_meant_for_an_earlier_run_is_forgotten(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        sweep.paths.cancel.write_text("kill")
    with opened(repo, "true", resume=True) as sweep:
        assert not sweep.paths.cancel.exists()
