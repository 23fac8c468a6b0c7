"""A sweep with a bit of everything, the same bytes each time: what golden files are made of."""

from pathlib import Path
from typing import Any

from sweeptree.model import Attempt, JobDelivery, JobRecord, JobState
from sweeptree.records import SweepPaths

_TIMES = {
    "start_time": "2026-11-25T11:43:00+00:00",
    "end_time": "2026-11-25T11:43:07.5+00:00",
    "duration_seconds": 7.5,
}
_FACTS = """{"exp_name": "golden", "spec_hash": "5ca1ab1e", "spec": {"metric": "val_auc:max"},
"base": {"commit": "4f2c9a1000000000000000000000000000000000"}, "exit_code": 1,
"started_at": "2026-11-25T11:42:00+00:00", "ended_at": "2026-11-25T11:50:00+00:00",
"jobs": [{"id": 7, "cmd": "train --lr 0.1 --seed 9", "params": {"lr": 0.1}, "seed": 9,
"config_id": "lr=0.1"}]}"""


def golden_sweep(root: Path) -> SweepPaths:
    """Six jobs of three configs, one that failed, one that is only planned, and a legacy record."""
    paths = SweepPaths(root / "golden")
    paths.root.mkdir()
    paths.sweep.write_text(_FACTS)
    for index in range(6):
        record = _record(index, 0.1 / 10 ** (index % 3), index // 3 + 1)
        paths.record(index).write_text(record.model_dump_json())
        paths.log(index).write_text(f"epoch 1\nçöä {index}\n")
    legacy = '{"id": 6, "cmd": "train --lr 0.5", "exit_code": 1, "log": "job_6.log"}'
    paths.record(6).write_text(legacy)
    return paths


def _record(index: int, lr: float, seed: int) -> JobRecord:
    failed = index == 5
    state = JobState.FAILED if failed else JobState.SUCCEEDED
    value = 0.9 + index / 97
    more: dict[str, Any] = {} if failed else {"metrics": {"val_auc": value, "loss": 1 - value}}
    return JobRecord(
        id=index,
        schema_version=1,
        cmd=f"train --lr {lr:g} --seed {seed}",
        state=state,
        exit_code=int(failed),
        reason="exit code 1" if failed else None,
        params={"lr": lr},
        seed=seed,
        config_id=f"lr={lr:g}",
        attempts=(Attempt(number=1, state=state, exit_code=int(failed), **_TIMES),),
        best=None if failed else {"metric": "val_auc", "value": value, "step": 3, "goal": "max"},
        artifacts=("a.txt", "b/c.png"),
        gpus=("GPU-1",),
        gpu_seconds=7.5,
        delivery=JobDelivery(state="local", reason="no remote") if index == 1 else None,
        data_digest="d" * 64,
        **_TIMES,
        **more,
    )
