"""A finished sweep on disk, as a real one leaves it: sweep.json, a record and a log per job, the
ledger."""

from __future__ import annotations

from pathlib import Path

from sweeptree.model import Attempt, JobRecord, JobState
from sweeptree.records import SweepPaths
from sweeptree.system.clock import utc_now
from sweeptree.system.files import write_json

SEEDS = 5
_IN_LEDGER = {
    "id",
    "state",
    "config_id",
    "seed",
    "exit_code",
    "start_time",
    "duration_seconds",
    "metrics",
}


def write(root: Path, jobs: int) -> SweepPaths:
    """Write the sweep `root` with this many finished jobs, five seeds per config; every 50th
    failed."""
    paths = SweepPaths(root)
    paths.state.mkdir(parents=True)
    plan = [
        {
            "id": n,
            "cmd": _command(n),
            "params": _params(n),
            "seed": n % SEEDS,
            "config_id": _config(n),
        }
        for n in range(jobs)
    ]
    facts = {
        "schema_version": 1,
        "exp_name": root.name,
        "spec": {"exp_name": root.name, "metric": "val_auc:max", "retries": 0},
        "base": {
            "commit": "4f2c9a1" + "0" * 33,
            "name": "HEAD",
            "subject": "bench",
            "branch": "main",
        },
        "jobs": plan,
        "parallel": 8,
        "started_at": utc_now(),
        "ended_at": utc_now(),
        "exit_code": 1,
    }
    write_json(paths.sweep, facts, durable=False)
    with paths.ledger.open("w") as ledger:
        for number in range(jobs):
            record = _record(paths, number)
            write_json(paths.record(number), record.model_dump(mode="json"), durable=False)
            ledger.write(record.model_dump_json(include=_IN_LEDGER) + "\n")
    return paths


def _record(paths: SweepPaths, number: int) -> JobRecord:
    state, code = (JobState.FAILED, 1) if number % 50 == 49 else (JobState.SUCCEEDED, 0)
    times = {"start_time": utc_now(), "end_time": utc_now(), "duration_seconds": 1.0 + number % 7}
    metrics = {"val_auc": 0.8 + number % 97 / 1000, "loss": 0.4 - number % 89 / 1000, "epoch": 9.0}
    paths.log(number).write_text(f"epoch 9\n{metrics}\n")
    return JobRecord(
        id=number,
        cmd=_command(number),
        params=_params(number),
        seed=number % SEEDS,
        config_id=_config(number),
        state=state,
        exit_code=code,
        log=paths.log(number).name,
        attempts=(Attempt(number=1, state=state, exit_code=code, **times),),
        metrics=metrics if code == 0 else {},
        git_commit="4f2c9a100000",
        git_branch="main",
        host="bench",
        python_version="3.11.7",
        reproduce=_command(number),
        **times,
    )


def _params(number: int) -> dict[str, float | int]:
    return {"lr": 1e-4 * (1 + number // SEEDS % 40), "depth": number // SEEDS // 40}


def _config(number: int) -> str:
    return ",".join(f"{name}={value:g}" for name, value in _params(number).items())


def _command(number: int) -> str:
    return f"python train.py --seed {number % SEEDS} " + _config(number).replace(",", " ")
