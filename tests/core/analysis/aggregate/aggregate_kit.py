"""Records of a small sweep, and its rows, for the tests of the aggregates."""

import csv
import json
from pathlib import Path
from typing import Any

from sweeptree.model import JobRecord
from sweeptree.records import SweepPaths

COLUMNS = (
    "id,exit_code,cmd,git_commit,git_branch,pr_url,duration_seconds,artifacts,state,config_id,seed"
)
VALUES = {"lr=3e-4": (0.9231, 0.9218, 0.9226), "lr=1e-4": (0.9188, 0.9176, 0.92)}


def record(index: int, *, config: str = "lr=3e-4", seed: int | None = 1, **more: Any) -> JobRecord:
    """A record of a job that succeeded, unless told otherwise."""
    fields = {
        "state": "succeeded",
        "exit_code": 0,
        "cmd": "t",
        "params": {"lr": float(config[3:])},
        **more,
    }
    return JobRecord(id=index, config_id=config, seed=seed, **fields)


def put(paths: SweepPaths, *records: JobRecord) -> None:
    """Write records."""
    for one in records:
        paths.record(one.id).write_text(one.model_dump_json())


def put_sweep(paths: SweepPaths) -> None:
    """Two configs of three seeds."""
    pairs = [
        (config, seed, value)
        for config, values in VALUES.items()
        for seed, value in enumerate(values, 1)
    ]
    for index, (config, seed, value) in enumerate(pairs):
        put(paths, record(index, config=config, seed=seed, metrics={"val_auc": value}))


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def put_legacy(paths: SweepPaths) -> None:
    """A folder as the legacy tools left it."""
    for index in range(4):
        lr = "3e-4" if index < 2 else "1e-4"
        command = f"python run_training.py --exp unet_lr_{lr} --seed {index % 2}"
        bare = {
            "id": index,
            "cmd": command,
            "exit_code": index // 3,
            "log": f"job_{index}.log",
            "artifacts": [],
        }
        paths.record(index).write_text(json.dumps(bare))
        paths.log(index).write_text(f"log of {index}\n")
    facts = {
        "exp_name": "old",
        "commands": 4,
        "exit_codes": [0, 1, 0, 0],
        "timestamp": "2025-01-02T03:04:05",
    }
    paths.summary.write_text(json.dumps(facts))
