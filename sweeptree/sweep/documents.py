"""What stands on disk of a sweep as a whole: sweep.json and summary.json."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from sweeptree import __version__
from sweeptree.model import Base, Device, ExitCode, Job, JobRecord
from sweeptree.publish.notify import without_addresses
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.running import Sweep
from sweeptree.system.clock import utc_now
from sweeptree.system.files import write_json

_MISSES_KEPT = 20

Facts = Mapping[str, Any]


def write_begin(prepared: PreparedSweep, run_id: str | None) -> Facts:
    """sweep.json of a sweep that begins; returns its facts, for its end."""
    facts = {
        "schema_version": 1,
        "exp_name": prepared.spec.exp_name,
        "spec": prepared.spec.model_dump(mode="json"),
        "spec_hash": prepared.spec_hash,
        **_plan(prepared),
        **_machine(),
        "started_at": utc_now(),
        "ended_at": None,
        "exit_code": None,
        "flow_run_id": run_id,
    }
    write_json(prepared.paths.sweep, facts)
    return facts


def write_end(sweep: Sweep, facts: Facts, code: ExitCode) -> None:
    """sweep.json of a sweep that has ended."""
    end = {
        "ended_at": utc_now(),
        "exit_code": int(code),
        "stop_cause": sweep.stop.cause,
        "missed": sweep.misses.first(_MISSES_KEPT),
    }
    write_json(sweep.paths.sweep, {**facts, **end})


def write_extended(prepared: PreparedSweep, facts: Facts) -> None:
    """sweep.json of a sweep that has got more jobs: begun, and not ended; `facts`: what it was."""
    grown = {
        "spec": prepared.spec.model_dump(mode="json"),
        "spec_hash": prepared.spec_hash,
        "jobs": planned_jobs(prepared.jobs),
        "ended_at": None,
        "exit_code": None,
    }
    write_json(prepared.paths.sweep, {**facts, **grown})


def write_summary(prepared: PreparedSweep, records: Mapping[int, JobRecord]) -> None:
    """The legacy summary.json; the exit codes are in the order of the jobs."""
    found = [records.get(job.index) for job in prepared.jobs]
    summary = {
        "exp_name": prepared.spec.exp_name,
        "commands": len(prepared.jobs),
        "exit_codes": [record.exit_code if record is not None else None for record in found],
        "timestamp": utc_now(),
    }
    write_json(prepared.paths.summary, summary)


def _plan(prepared: PreparedSweep) -> dict[str, Any]:
    return {
        "base": _base(prepared.base),
        "jobs": planned_jobs(prepared.jobs),
        "parallel": prepared.parallel,
        "gpus_per_job": prepared.gpus,
        "gpu_mem_per_job": prepared.spec.gpu_mem,
        "slot_dir": str(prepared.slot_dir),
        "room": {
            "places": [str(place) for place in prepared.room.places],
            "least": prepared.room.least,
        },
        "devices": _devices(prepared),
        "notes": list(prepared.notes),
    }


def _devices(prepared: PreparedSweep) -> list[dict[str, Any]]:
    """The GPUs of this machine, or of the hosts, each with its host then."""
    here = [_device(device) for device in prepared.detection.devices]
    there = [
        {**_device(device), "host": host}
        for host, devices in prepared.far_devices.items()
        for device in devices
    ]
    return [*here, *there]


def _device(device: Device) -> dict[str, Any]:
    return {"uuid": device.uuid, "index": device.index, "name": device.name}


def _base(base: Base) -> dict[str, Any]:
    return {
        "commit": base.commit,
        "name": base.name,
        "subject": base.subject,
        "branch": base.branch,
    }


def planned_jobs(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """The jobs as sweep.json lists them."""
    return [_job(job) for job in jobs]


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": job.index,
        "cmd": job.command,
        "params": dict(job.params),
        "seed": job.seed,
        "config_id": job.config_id,
    }


def _machine() -> dict[str, Any]:
    return {
        "host": platform.node(),
        "python_version": platform.python_version(),
        "versions": {"sweeptree": __version__, "prefect": version("prefect")},
        "argv": without_addresses(sys.argv),
        "pid": os.getpid(),
    }
