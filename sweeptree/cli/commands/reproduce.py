"""`sweeptree reproduce`: run a job again as it was, and say whether its record holds."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from sweeptree.analysis.aggregate import look
from sweeptree.analysis.document import Document
from sweeptree.analysis.reproduction import Judgement, judge
from sweeptree.cli import find
from sweeptree.cli.commands.run import run_to_end, show_plan
from sweeptree.cli.find import find_readable, readable_sweeps
from sweeptree.cli.options import FLAG, JSON
from sweeptree.cli.screens.terminal import fact_line, printable, say, write_out
from sweeptree.cli.telling import recipients_here
from sweeptree.errors import RecordError, UsageError
from sweeptree.model import ExitCode, JobRecord, JobState, SweepSpec
from sweeptree.records import SweepPaths, read_record, record_indices
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import must_start, prepare
from sweeptree.sweep.reproduce import spec_again

_RECORD = re.compile(r"job_(\d+)\.meta\.json")
_OF_JOB = re.compile(r"(.+):(\d+)")


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A job, where its sweep stands, and all that is known of that sweep."""

    paths: SweepPaths
    record: JobRecord
    document: Document

    @property
    def name(self) -> str:
        """NAME:JOB."""
        return f"{self.paths.root.name}:{self.record.id}"


def reproduce(
    job: str,
    /,
    *,
    results_dir: Path | None = None,
    dry_run: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Run a job again at its commit, with its set-up, links and environment, and compare the result
    with its record.

    Exit code 0: it ends as recorded, its metric the same or within the interval of its config's
    seeds; 1: it does not, or there is nothing to compare.

    Parameters
    ----------
    job
        NAME:JOB; NAME alone is the best config's first job; the path of a record
        (job_3.meta.json); or a pull request that a sweep here opened, as its URL or number.
    results_dir
        Where results stand; default: results/ at the top of the repository.
    dry_run
        Show the plan and change nothing at all.
    as_json
        Print the comparison as one JSON document.
    """
    settings = Settings()
    recipients_here(())  # whose addresses are in the environment: the job must not get them
    recorded = _find(job, results_dir)
    spec = spec_again(recorded.paths, recorded.record, results_dir and results_dir.absolute())
    prepared = prepare(spec, settings)
    if dry_run:
        return show_plan(prepared, as_json=as_json)
    say(f"{recorded.name} at {spec.base[:12]}: {printable(recorded.record.cmd)}")
    must_start(prepared)
    end = run_to_end(prepared, settings, resume=None)
    if end.code is None or end.code == ExitCode.INTERRUPTED:
        return _leave(ExitCode.INTERRUPTED)
    judgement = _judgement(recorded, prepared.paths)
    _show(recorded, spec, judgement, as_json=as_json)
    return _leave(ExitCode.OK if judgement.verdict.is_reproduced else ExitCode.JOBS_FAILED)


def _leave(code: ExitCode) -> int:
    from sweeptree.engine.connect import leave_in_time

    return leave_in_time(code)


def _find(job: str, results_dir: Path | None) -> _Recorded:
    """The job that is meant. Raises UsageError."""
    path = Path(job)
    named = _RECORD.fullmatch(path.name)
    if named:
        return _of_sweep(SweepPaths(path.absolute().parent), int(named[1]))
    if _is_pull_request(job) and not (find.results_dir(results_dir) / job).is_dir():
        return _of_pull_request(job, results_dir)
    of_job = _OF_JOB.fullmatch(job)
    if of_job:
        return _of_sweep(find_readable(of_job[1], results_dir), int(of_job[2]))
    return _of_sweep(find_readable(job, results_dir), None)


def _is_pull_request(text: str) -> bool:
    return text.removeprefix("#").isdecimal() or text.startswith(("https://", "http://"))


def _of_pull_request(text: str, results_dir: Path | None) -> _Recorded:
    for paths in readable_sweeps(results_dir):
        for index in record_indices(paths):
            if _opened(paths, index, text):
                return _of_sweep(paths, index)
    raise UsageError(
        f"no record here tells of the pull request {text}",
        hint=("sweeptree fetch   brings the sweeps that others have shared", "or give NAME:JOB"),
    )


def _opened(paths: SweepPaths, index: int, text: str) -> bool:
    try:
        record = read_record(paths.record(index))
    except RecordError:
        return False
    return text == record.pr_url or text.removeprefix("#") == str(record.pr_number)


def _of_sweep(paths: SweepPaths, index: int | None) -> _Recorded:
    document = look(paths)
    found = _best_job(document) if index is None else index
    try:
        return _Recorded(paths, read_record(paths.record(found)), document)
    except RecordError as error:
        name = paths.root.name
        raise UsageError(
            f"{name} has no job {found} that has been run: {error.message}",
            hint=f"sweeptree status {name}",
        ) from error


def _best_job(document: Document) -> int:
    """The first job of the leading config; without ranks the first that succeeded."""
    for group in document.ranked()[:1]:
        return min(_succeeded(document, group.config_id))
    return min(_succeeded(document, None), default=0)


def _succeeded(document: Document, config: str | None) -> list[int]:
    return [
        job.id
        for job in document.jobs
        if job.state is JobState.SUCCEEDED and config in (None, job.config_id)
    ]


def _judgement(recorded: _Recorded, again: SweepPaths) -> Judgement:
    document = recorded.document
    metric = document.objective.name if document.objective else None
    seeds = [
        job.metrics[metric]
        for job in document.jobs
        if metric in job.metrics and _is_of_config(job, recorded.record)
    ]
    return judge(recorded.record, read_record(again.record(0)), seeds, metric)


def _is_of_config(job: JobRecord, record: JobRecord) -> bool:
    return job.state is JobState.SUCCEEDED and job.config_id == record.config_id


def _show(recorded: _Recorded, spec: SweepSpec, judgement: Judgement, *, as_json: bool) -> None:
    if as_json:
        document = {"job": recorded.name, "run": spec.exp_name, **asdict(judgement)}
        write_out(json.dumps(document, ensure_ascii=False) + "\n")
        return
    word = "reproduced" if judgement.verdict.is_reproduced else "NOT reproduced"
    write_out(f"{recorded.name}: {word}: {printable(judgement.sentence)}\n")
    if judgement.recorded is not None and judgement.again is not None:
        values = f"{judgement.recorded:.6g} in the record, {judgement.again:.6g} now"
        write_out(fact_line(printable(judgement.metric or ""), values) + "\n")
    for note in judgement.notes:
        write_out(fact_line("differs", printable(note)) + "\n")
    write_out(fact_line("its run", f"sweeptree logs {spec.exp_name}") + "\n")
