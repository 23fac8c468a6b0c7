"""Sweeps for the tests of the command line: real records, written by the store that a real sweep
uses."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sweeptree.cli.app import run_command_line
from sweeptree.model import Attempt, JobState
from sweeptree.records import SweepPaths, SweepStore
from sweeptree.system.files import write_json

CONFIGS = ("lr=3e-4", "lr=1e-4")


class Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str


def plan_sweep(
    results: Path, name: str = "unet", *, jobs: int = 4, metric: str | None = "val_auc:max"
) -> SweepPaths:
    """A sweep.json with `jobs` jobs: two configs, their seeds in turn."""
    paths = SweepPaths(results / name)
    paths.state.mkdir(parents=True)
    plan = [
        {
            "id": n,
            "cmd": f"python train.py --n {n}",
            "params": {},
            "seed": n // 2 + 1,
            "config_id": CONFIGS[n % 2],
        }
        for n in range(jobs)
    ]
    document = {
        "schema_version": 1,
        "exp_name": name,
        "spec": {"exp_name": name, "metric": metric, "retries": 0, "grace": 1.0},
        "base": {
            "commit": "4f2c9a1" + "0" * 33,
            "name": "HEAD",
            "subject": "Add schedule",
            "branch": "main",
        },
        "jobs": plan,
        "argv": ["sweeptree", "run", "--exp_name", name, "--commands", "commands.json"],
        "started_at": datetime.now(UTC).isoformat(),
    }
    write_json(paths.sweep, document, durable=False)
    return paths


def put(store: SweepStore, index: int, state: JobState, **fields: object) -> None:
    """Write one job's record as a run would, with its attempt."""
    seed, config = index // 2 + 1, CONFIGS[index % 2]
    attempt = Attempt(number=1, state=state)
    attempts = () if state is JobState.PLANNED else (attempt,)
    known = {
        "cmd": f"python train.py --n {index}",
        "seed": seed,
        "config_id": config,
        "attempts": attempts,
    }
    store.update(index, **{**known, "state": state, **fields})


def finished_sweep(
    results: Path, name: str = "unet", *, jobs: int = 4, failed: tuple[int, ...] = ()
) -> SweepPaths:
    """A sweep whose jobs have all ended, with logs and a metric."""
    paths = plan_sweep(results, name, jobs=jobs)
    with SweepStore.open(paths) as store:
        for n in range(jobs):
            if n in failed:
                paths.log(n).write_bytes(b"epoch 1\nValueError: no such lead\nbye\n")
                put(
                    store,
                    n,
                    JobState.FAILED,
                    exit_code=1,
                    reason="exit code 1",
                    duration_seconds=3.0,
                    log=f"job_{n}.log",
                )
                continue
            paths.log(n).write_bytes(b"epoch 1\nepoch 2\nepoch 3\n")
            metrics = {"val_auc": 0.9 + n / 100, "test_auc": 0.8}
            put(
                store,
                n,
                JobState.SUCCEEDED,
                exit_code=0,
                duration_seconds=5.0,
                metrics=metrics,
                log=f"job_{n}.log",
            )
    return paths


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Another open file holds the lock of `path`, as a living keeper or driver does."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def call(*argv: str) -> Ran:
    """One command line in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command_line(list(argv))
    out.flush()
    data = out.buffer
    assert isinstance(data, io.BytesIO)
    return Ran(code, data.getvalue().decode(errors="surrogateescape"), err.getvalue())


def spawn(
    *argv: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """One command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "sweeptree", *argv],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
    )
