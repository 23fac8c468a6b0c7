"""What a training script may call."""

import json
from pathlib import Path

import pytest

import sweeptree


@pytest.fixture
def metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWEEPTREE_METRICS", str(tmp_path / "metrics.jsonl"))
    monkeypatch.delenv("RANK", raising=False)
    return tmp_path / "metrics.jsonl"


def test_each_call_is_a_line(metrics: Path) -> None:
    sweeptree.log(step=1, loss=0.5)
    sweeptree.log(auc=1)
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert lines == [{"step": 1, "loss": 0.5}, {"auc": 1.0}]


def test_what_is_no_number_is_an_error_and_writes_nothing(metrics: Path) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        sweeptree.log(loss="high")  # type: ignore[arg-type]
    assert not metrics.exists()


def test_only_the_first_process_of_several_reports(
    metrics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    sweeptree.log(loss=0.5)
    assert not metrics.exists()


def test_outside_a_sweep_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SWEEPTREE_METRICS", raising=False)
    sweeptree.log(loss=0.5)
