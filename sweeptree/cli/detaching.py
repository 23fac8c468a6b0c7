"""Starts a sweep in a process of its own, and returns once that drives it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from sweeptree.errors import SweeptreeError
from sweeptree.publish.notify import Recipients
from sweeptree.records import SweepPaths, holder
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.system.files import write_json


def detach(prepared: PreparedSweep, told: Recipients, *, resume: bool) -> int:
    """Start the same sweep in a process of its own, and return once it runs."""
    paths = prepared.paths
    paths.state.mkdir(parents=True, exist_ok=True)
    spec, log = paths.state / "spec.json", paths.state / "run.log"
    write_json(spec, prepared.spec.model_dump(mode="json", exclude_defaults=True))
    words = ["run", "--spec", str(spec)]
    if resume:
        words.append("--resume")
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "sweeptree", *words],
            env={**os.environ, **told.as_environment()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _await_start(paths, child, log)
    name = prepared.spec.exp_name
    print(  # noqa: T201
        f"{name} runs in the background (process {child.pid})\n"
        f"  sweeptree status {name}    sweeptree logs {name} -f    sweeptree cancel {name}"
    )
    return 0


def _await_start(paths: SweepPaths, child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the child drives the sweep. Raises SweeptreeError with its last words."""
    while holder(paths) is None:
        if child.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-5:]
            raise SweeptreeError(
                "the sweep ended before it began:\n  " + "\n  ".join(last), hint=f"read {log}"
            )
        time.sleep(0.05)
