"""Which engine a sweep gets."""

from pathlib import Path

from core.sweep.kit import opened
from sweeptree.engine.stage_runs import StageRuns
from sweeptree.engine.sweep_engine import PrefectEngine, engine_here
from sweeptree.sweep.run import WithoutEngine
from sweeptree.tasks.stages import ALL


def test_outside_of_a_flow_run_a_sweep_runs_by_its_files() -> None:
    assert isinstance(engine_here(ALL), WithoutEngine)


def test_a_sweep_without_gpus_pays_for_no_tag(repo: Path) -> None:
    engine = PrefectEngine("0b0a7b0e-0000-4000-8000-000000000000", ALL)
    with opened(repo, "true", gpus=0) as sweep:
        assert isinstance(engine.stages(sweep), StageRuns)
        assert sweep.misses.first(1) == []


def test_an_earlier_run_that_ended_is_left_alone(repo: Path) -> None:
    engine = PrefectEngine("0b0a7b0e-0000-4000-8000-000000000000", ALL)
    with opened(repo, "true") as sweep:
        engine.note_earlier(sweep, {"flow_run_id": "x", "ended_at": "2026-01-01T00:00:00+00:00"})
        assert sweep.misses.first(1) == []
