"""Sweeps for the tests of the report and of `compare`: records with curves, times and failures."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sweeptree.analysis.aggregate import aggregate
from sweeptree.model import JobRecord
from sweeptree.records import SweepPaths, read_json
from sweeptree.system.files import write_json

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
COMMIT = "4f2c9a1" + "0" * 33


def make_sweep(
    results: Path,
    name: str = "unet",
    *,
    grid: Mapping[str, Sequence[Any]] | None = None,
    seeds: Iterable[int] = (1, 2, 3),
    failing: Mapping[int, str] | None = None,
    metric: str = "val_auc:max",
    commit: str = COMMIT,
    shift: float = 0.0,
    steps: int = 5,
    data: str | None = None,
) -> SweepPaths:
    """A sweep that has ended, aggregated.

    `failing`: job to the last line of its log; `shift` is added to val_auc.
    """
    paths = SweepPaths(results / name)
    paths.state.mkdir(parents=True)
    grid = grid or {"lr": (0.1, 0.01)}
    combinations = [
        dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())
    ]
    jobs = []
    for index, (params, seed) in enumerate(itertools.product(combinations, seeds)):
        jobs.append(
            _job(
                paths,
                index,
                params,
                seed,
                shift=shift,
                steps=steps,
                error=(failing or {}).get(index),
            )
        )
    facts = {
        "exp_name": name,
        "spec": {"metric": metric, "use_worktree": True},
        "base": {"commit": commit, "name": "HEAD", "subject": "Add schedule", "branch": "main"},
        "jobs": jobs,
        "argv": ["sweeptree", "run", "--exp_name", name],
        "started_at": BEGIN.isoformat(),
        "ended_at": (BEGIN + timedelta(seconds=5 * len(jobs))).isoformat(),
        "exit_code": int(bool(failing)),
    }
    write_json(paths.sweep, facts, durable=False)
    for index in range(len(jobs) if data else 0):
        record = read_json(paths.record(index))
        write_json(paths.record(index), {**record, "data_digest": data}, durable=False)
    aggregate(paths)
    return paths


def _job(
    paths: SweepPaths,
    index: int,
    params: dict[str, Any],
    seed: int,
    *,
    shift: float,
    steps: int,
    error: str | None,
) -> dict[str, Any]:
    config = " ".join(f"{name}={value}" for name, value in params.items())
    plan = {
        "id": index,
        "cmd": f"train {config} {seed} --out {index}",
        "params": params,
        "seed": seed,
        "config_id": config,
    }
    value = 0.8 + shift + 0.01 * seed - 0.001 * index
    state, begin = "failed" if error else "succeeded", BEGIN + timedelta(seconds=5 * index)
    times = {
        "start_time": begin.isoformat(),
        "end_time": (begin + timedelta(seconds=4)).isoformat(),
    }
    ended = {"state": state, "exit_code": int(bool(error)), "duration_seconds": 4.0, **times}
    record = JobRecord(
        **plan,
        **ended,
        schema_version=1,
        reason="exit code 1" if error else None,
        log=f"job_{index}.log",
        attempts=({"number": 1, **ended},),
        metrics={} if error else {"val_auc": value, "loss": 1 - value, "test_auc": 0.777},
        reproduce=f"git checkout 4f2c9a1 && {plan['cmd']}",
    )
    paths.record(index).write_text(record.model_dump_json())
    paths.log(index).write_text(error or "done\n")
    if steps and not error:
        lines = ({"step": step, "val_auc": value * step / steps} for step in range(1, steps + 1))
        paths.metrics(index).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return plan


def page_of(paths: SweepPaths) -> str:
    """The page, rendered from what stands on disk."""
    from sweeptree.analysis.document import read_document
    from sweeptree.report import render

    return render(paths, read_document(paths)).decode()
