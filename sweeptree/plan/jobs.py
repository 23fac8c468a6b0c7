"""SweepSpec → jobs, and the hash that tells whether two specs are the same sweep. Pure."""

from __future__ import annotations

import hashlib
import json

from sweeptree.errors import UsageError
from sweeptree.model import Job, SweepSpec
from sweeptree.plan.commands import EXAMPLE, check_count
from sweeptree.plan.configs import config_ids
from sweeptree.plan.extensions import grow
from sweeptree.plan.grid import Planned, expand_template
from sweeptree.plan.params import Reading, read_command


def make_jobs(spec: SweepSpec) -> tuple[Job, ...]:
    """All jobs of a sweep, configs outside and seeds inside; `only` keeps numbers and config names.

    Raises UsageError when template, grid and seeds do not fit together or `only` names no job.
    """
    grown = grow(spec, _planned)
    names = config_ids([reading for _, reading in grown.planned], grown.ends)
    jobs = [
        _job(index, command, reading, name)
        for index, ((command, reading), name) in enumerate(zip(grown.planned, names, strict=True))
    ]
    return _only(tuple(jobs), spec.only, grown.ends[0])


def spec_hash(spec: SweepSpec, base_commit: str) -> str:
    """16 hex digits that change when the results would: commands, seeds, set-up and commit.

    However they were given: a template hashes as the commands that it makes.
    """
    planned = grow(spec, _planned).planned
    parts = {
        "jobs": [[command, reading.seed] for command, reading in planned],
        "base": base_commit,
        "setup": spec.setup,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _job(index: int, command: str, reading: Reading, config_id: str) -> Job:
    return Job(
        index=index,
        command=command,
        params=reading.params,
        seed=reading.seed,
        config_id=config_id,
    )


def _only(jobs: tuple[Job, ...], only: tuple[int, ...], begun_with: int) -> tuple[Job, ...]:
    """The jobs that were asked for; what was added later is asked for by that."""
    if not only:
        return jobs
    wanted = sorted(set(only))
    unknown = [index for index in wanted if not 0 <= index < begun_with]
    if unknown:
        raise UsageError(
            f"--only names job {unknown[0]}, and the sweep has jobs 0 to {begun_with - 1}",
            hint="sweeptree run ... --dry_run lists the jobs",
        )
    return (*(jobs[index] for index in wanted), *jobs[begun_with:])


def _planned(spec: SweepSpec) -> list[Planned]:
    if len(set(spec.seeds)) < len(spec.seeds):
        raise UsageError(
            "a seed is given twice: the same run would count twice", hint="give each seed once"
        )
    if spec.template is not None:
        return expand_template(spec, spec.template)
    if not spec.commands:
        raise UsageError("the sweep has no commands", hint=EXAMPLE)
    check_count(len(spec.commands) * max(1, len(spec.seeds)), "commands times seeds")
    planned = [(command, read_command(command)) for command in spec.commands]
    return _with_seeds(planned, spec.seeds) if spec.seeds else planned


def _with_seeds(planned: list[Planned], seeds: tuple[int, ...]) -> list[Planned]:
    """Each command once per seed, which it finds in its environment."""
    for index, (command, reading) in enumerate(planned):
        if reading.seed is not None or "{seed}" in command:
            raise UsageError(
                f"command {index} names its own seed, and --seeds gives others",
                hint="leave --seeds away, or give a --template with {seed}",
            )
    return [(command, _seeded(reading, seed)) for command, reading in planned for seed in seeds]


def _seeded(reading: Reading, seed: int) -> Reading:
    return Reading(raw=reading.raw, seed=seed, rest=reading.rest, lead=reading.lead)
