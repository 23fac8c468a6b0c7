"""What a short run has shown, on the screen."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.sweep.kit import make_spec
from sweeptree.cli.screens.smoke import smoke_document, smoke_screen
from sweeptree.model import JobState
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, prepare
from sweeptree.sweep.smoke import Smoke

GOOD = Smoke(
    name="x-smoke",
    state=JobState.TIMED_OUT,
    reason=None,
    seconds=60.0,
    metric="val_auc",
    value=0.91,
    source="job_0.log: printed numbers",
    steps=12,
    peak_rss=900.0,
    peak_vram=4000.0,
    estimate=7200.0,
    log_end="a\nb\x1b[2J\n",
)


@pytest.fixture
def whole(repo: Path) -> PreparedSweep:
    return prepare(make_spec(repo, "true", "echo", parallel=2), Settings())


def test_each_finding_is_a_line(whole: PreparedSweep) -> None:
    screen = smoke_screen(GOOD, whole)
    for words in (
        "it starts and runs; it was stopped after 60.0 s",
        "val_auc = 0.91, from job_0.log: printed numbers",
        "900 MiB at its peak, 4000 MiB on its GPUs",
        "12 in that time: 5 s each",
        "about 02:00:00 for 2 jobs, 2 at a time",
    ):
        assert words in screen


def test_a_failure_shows_the_end_of_its_log_harmlessly(whole: PreparedSweep) -> None:
    failed = replace(GOOD, state=JobState.FAILED, reason="exit code 1", value=None, source=None)
    screen = smoke_screen(failed, whole)
    assert "it FAILS after 60.0 s: exit code 1" in screen
    assert "val_auc was never seen" in screen
    assert "\x1b" not in screen


def test_scripts_get_plain_values() -> None:
    found = smoke_document(GOOD)
    assert (found["seconds_per_step"], found["is_good"]) == (5.0, True)
