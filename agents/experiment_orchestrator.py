"""Experiment Orchestrator: one sweep from its spec to its records. The DAG lives here.

plan → per job: create-worktree → run-command → (auto-fix → commit-and-pr → label-and-review) →
aggregate. Jobs run depth-first on driver threads; a job is no subflow of its own. What is asked for
becomes a task run, what is not asked for does not.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL
from prefect.states import Cancelled, Completed, Failed

from sweeptree import __version__, gpus, worktrees
from sweeptree.analysis.aggregate import Incremental, load_pandas_soon
from sweeptree.analysis.aggregate import aggregate as rebuild
from sweeptree.engine import earlier, server
from sweeptree.engine.pace import Pace
from sweeptree.engine.watch import Watch
from sweeptree.errors import RecordError, Refused, ServerError, SweeptreeError, UsageError
from sweeptree.model import Job, JobRecord, JobState, Resume, SweepSpec
from sweeptree.records import SweepStore, read_record, read_sweep, utc_now, write_json
from sweeptree.repository import hide_results
from sweeptree.settings import Settings
from sweeptree.sweep import adoption, drive, job_delivery, stages
from sweeptree.sweep.preflight import Prepared, check_options, must_start, prepare, with_snapshot
from sweeptree.sweep.running import Chain, Sweep
from sweeptree.tasks import stages as tasks

EXIT_INTERRUPTED = 130
EXIT_TIME_LIMIT = 5
REFUSED = "Refused"


@flow(name="experiment-orchestrator", flow_run_name="{spec.exp_name}", persist_result=False)
def experiment_orchestrator(spec: SweepSpec, resume: Resume | None = None) -> State[Any]:
    """Run a sweep: every job in its worktree, with records, aggregates and a graph."""
    settings = Settings()
    try:
        prepared = must_start(prepare(check_options(spec), settings, resume=resume is not None))
        store = SweepStore.open(prepared.paths)
    except (UsageError, Refused) as refusal:  # said as one line in the UI, not as a traceback
        return Failed(name=REFUSED, message="; ".join([refusal.message, *refusal.hint]))
    with store:
        hide_results(prepared.repo, prepared.paths.root)
        return _outcome_state(*_run(with_snapshot(prepared), store, settings, resume or Resume()))


def _run(
    prepared: Prepared, store: SweepStore, settings: Settings, resume: Resume
) -> tuple[int, dict[str, int]]:
    """Run all jobs that are due. Returns the exit code and the number of jobs per state."""
    prepared.paths.cancel.unlink(missing_ok=True)
    run_id = _run_id()
    died = _died(prepared, run_id)
    facts = {**_sweep_facts(prepared), "flow_run_id": run_id}
    write_json(prepared.paths.sweep, facts)
    with _pool(prepared) as pool, contextlib.closing(Incremental(prepared.paths)) as aggregate:
        sweep = Sweep(
            prepared, store, pool, log_cap=settings.log_cap, engine=run_id is not None, tell=_tell
        )
        _tell_of_crash(sweep, died, run_id)
        command = tasks.run_command.with_options(tags=_admission(sweep))
        records = _earlier_records(prepared)
        store.mend_ledger(records.values())
        for record in records.values():
            aggregate.add(record)
        sweep.count_branches(records.values())
        due = _due(sweep, records, resume)
        with Watch(
            sweep, total=len(prepared.jobs), finished=len(prepared.jobs) - len(due), run_id=run_id
        ) as watch:
            pace = Pace()

            def run_one(job: Job) -> None:
                if sweep.engine:
                    pace.keep(sweep.stopping)
                if job is due[-1]:
                    load_pandas_soon()
                record = run_job(sweep, job, command)
                if record.state is JobState.PLANNED:  # it waited, and the sweep was stopped
                    return
                records[job.index] = record
                aggregate.add(record)
                watch.note(record)

            threads = prepared.parallel + prepared.lookahead
            _wait(
                drive.drive(
                    due, run_one, parallel=threads, stopping=sweep.stopping, turns=sweep.turns
                ),
                sweep,
            )
    if prepared.spec.commit_and_pr_best and sweep.cause is None:
        _deliver_best(sweep)
    states = _count(prepared, records)
    code = _exit_code(sweep, states, records)
    write_json(prepared.paths.summary, _summary(prepared, records))
    write_json(
        prepared.paths.sweep,
        {**facts, "ended_at": utc_now(), "exit_code": code, "missed": sweep.missed[:20]},
    )
    return code, states


def _died(prepared: Prepared, run_id: str | None) -> UUID | None:
    """The flow run of an earlier process of this sweep that died: its lock is ours now."""
    with contextlib.suppress(RecordError):
        return earlier.died(read_sweep(prepared.paths), run_id) if run_id else None
    return None


def _tell_of_crash(sweep: Sweep, died: UUID | None, run_id: str | None) -> None:
    if died is not None and run_id is not None:
        try:
            earlier.mark_crashed(died, run_id)
        except Exception as error:  # only the picture of the dead run is wrong
            sweep.miss(f"that the flow run {died} has crashed: {error}")


def _admission(sweep: Sweep) -> tuple[str, ...]:
    """The tags of the command's task runs, and Prefect's limit on them: the GPU slots and as many
    waiting jobs.

    The limit must never lie between a freed GPU and its next job: a task passes it first, then its
    keeper waits for the device (docs/decisions/0004). Without GPUs there are no tags, because each
    costs a request per task.
    """
    prepared = sweep.prepared
    if not prepared.gpus or not sweep.engine:
        return ()
    host = platform.node()
    try:
        size = gpus.limit_size(prepared.detection.devices, prepared.spec.gpu_mem)
        server.set_limit(str(PREFECT_API_URL.value()), gpus.limit_name(host), size)
    except ServerError as error:
        sweep.miss(error.message)
    return gpus.tags(prepared.detection.devices, host)


def run_job(sweep: Sweep, job: Job, command: tasks.StageTask = tasks.run_command) -> JobRecord:
    """One job through its whole chain, with its retries.

    Never raises: what went wrong stands in the record.
    """
    chain = Chain(sweep, job)
    chain.is_ahead = sweep.turns is not None
    try:
        record = _through_chain(chain, command)
    except Exception as error:  # a job's trouble must not end the driver thread of the others
        record = stages.give_up(chain, error)
    if sweep.spec.on_fail == "stop" and record.state not in (JobState.SUCCEEDED, JobState.PLANNED):
        sweep.start_no_more()
    chain.end()
    return record


def _through_chain(chain: Chain, command: tasks.StageTask) -> JobRecord:
    sweep, index = chain.sweep, chain.job.index
    if index in sweep.owed:
        return _deliver_again(chain)
    ran = None
    if adoption.is_unfinished(chain):
        ran = tasks.through_engine(tasks.adopt_command, chain, None)
    elif index in sweep.undelivered:
        adoption.take_up(chain)
    while (
        chain.error is None
        and (chain.outcome is None or chain.attempts_left)
        and sweep.await_room()
    ):
        ran = _attempt(chain, command)
    if chain.error is not None:
        return stages.give_up(chain, chain.error)
    _deliver(chain, ran)
    return stages.finish(chain)


def _attempt(chain: Chain, command: tasks.StageTask) -> State[Any] | None:
    """One try of the job: a clean worktree, then the command."""
    if chain.outcome is not None:
        stages.finish(chain)
    ready = tasks.through_engine(tasks.create_worktree, chain, None)
    if chain.error is not None or not chain.take_turn():
        return ready
    return tasks.through_engine(command, chain, ready)


def _deliver(chain: Chain, ran: State[Any] | None) -> None:
    """The stages after a successful command, where they were asked for."""
    spec = chain.sweep.spec
    if chain.outcome is None or chain.outcome.state is not JobState.SUCCEEDED:
        return
    if spec.auto_fix_before_pr:
        ran = tasks.through_engine(tasks.auto_fix, chain, ran)
    if spec.commit_and_pr or spec.commit_and_pr_best:
        _hand_over(chain, ran)


def _deliver_again(chain: Chain) -> JobRecord:
    """A job whose delivery failed in an earlier run: only that is done."""
    try:
        adoption.take_up_owed(chain)
    except SweeptreeError as error:
        chain.error = error
    _hand_over(chain, None)
    return stages.finish(chain)


def _hand_over(chain: Chain, ran: State[Any] | None) -> None:
    """Branch, pull request, labels and reviewers; what fails costs the exit code and is finished by
    `resume`."""
    spec = chain.sweep.spec
    if chain.error is None:
        ran = tasks.through_engine(tasks.commit_and_pr, chain, ran)
        wants_review = spec.commit_and_pr and (spec.post_pr_labels or spec.post_pr_reviewers)
        if chain.error is None and chain.branch is not None and wants_review:
            tasks.through_engine(tasks.label_and_review, chain, ran)
    if chain.error is not None:
        job_delivery.failed(chain, chain.error)
        chain.error = None


def _deliver_best(sweep: Sweep) -> None:
    """One pull request for the winner; its trouble costs the exit code, never the results."""
    try:
        done = job_delivery.deliver_best(sweep)
    except SweeptreeError as error:
        sweep.delivery_failed = True
        sweep.miss(f"no pull request for the best job: {error.message}")
    else:
        if done is None or done.pull is None:
            return
    rebuild(sweep.paths)


def _wait(done: threading.Event, sweep: Sweep) -> None:
    """Wait for the drivers.

    An interrupt asks the jobs to stop and goes on waiting; a second one kills them.
    """
    raised: BaseException | None = None
    while not done.is_set():
        try:
            done.wait(0.5)
        except BaseException as interrupt:  # KeyboardInterrupt, or the worker's TerminationSignal
            sweep.stop("interrupted", kill=raised is not None)
            raised = interrupt
    if raised is not None and not isinstance(raised, KeyboardInterrupt):
        raise raised


@contextlib.contextmanager
def _pool(prepared: Prepared) -> Iterator[worktrees.Pool | None]:
    if not prepared.spec.use_worktree:
        yield None
        return
    size = prepared.parallel + prepared.lookahead
    spec = prepared.spec
    with worktrees.Pool(
        prepared.repo, prepared.base, spec.exp_name, size=size, links=spec.links
    ) as pool:
        yield pool


def _tell(text: str) -> None:
    """A line in the run's log, for those who look at the Prefect UI; without a run there is none."""
    with contextlib.suppress(MissingContextError):
        get_run_logger().warning(text)


def _run_id() -> str | None:
    return flow_run.get_root_flow_run_id() or flow_run.get_id()


def _earlier_records(prepared: Prepared) -> dict[int, JobRecord]:
    found = {}
    for job in prepared.jobs:
        path = prepared.paths.record(job.index)
        if path.exists():
            with contextlib.suppress(Exception):
                found[job.index] = read_record(path)
    return found


def _due(sweep: Sweep, records: dict[int, JobRecord], resume: Resume) -> list[Job]:
    """The jobs that are to be run, taken over, or only to be delivered."""
    due = []
    owed = () if resume.jobs else job_delivery.owed(sweep.prepared, records.values())
    for job in sweep.prepared.jobs:
        record = records.get(job.index)
        if resume.takes(
            job.index, record.state if record else None, record.reason if record else None
        ):
            due.append(job)
        elif record is None or resume.jobs:
            continue
        elif adoption.is_undelivered(sweep, record):
            sweep.undelivered.add(job.index)
            due.append(job)
        elif job.index in owed:
            sweep.owed.add(job.index)
            due.append(job)
    return due


def _count(prepared: Prepared, records: dict[int, JobRecord]) -> dict[str, int]:
    states: dict[str, int] = {}
    for job in prepared.jobs:
        record = records.get(job.index)
        state = (
            record.state if record is not None and record.state is not None else JobState.PLANNED
        )
        states[state.value] = states.get(state.value, 0) + 1
    return states


def _exit_code(sweep: Sweep, states: dict[str, int], records: dict[int, JobRecord]) -> int:
    if sweep.cause == "time limit":
        return EXIT_TIME_LIMIT
    if sweep.cause in ("interrupted", "cancelled") and states != {
        JobState.SUCCEEDED.value: len(records)
    }:
        return EXIT_INTERRUPTED
    if any(states.get(s.value) for s in JobState if s is not JobState.SUCCEEDED):
        return 1
    return 4 if sweep.delivery_failed or _lacks_delivery(sweep) else 0


def _lacks_delivery(sweep: Sweep) -> bool:
    """Whether a job's delivery failed in an earlier run and was not asked for in this one (`resume
    --jobs`)."""
    if not (sweep.spec.commit_and_pr or sweep.spec.commit_and_pr_best):
        return False
    found = (sweep.store.record(job.index).delivery for job in sweep.prepared.jobs)
    return any(delivery is not None and delivery.state == "failed" for delivery in found)


def _outcome_state(code: int, states: dict[str, int]) -> State[Any]:
    said = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    data = {"exit_code": code, "states": states}
    if code == 0:
        return Completed(message=said, data=data)
    if code == EXIT_INTERRUPTED:
        return Cancelled(message=said, data=data)
    name = {EXIT_TIME_LIMIT: "TimedOut", 4: "DeliveryFailed"}.get(code, "Failed")
    return Failed(name=name, message=said, data=data)


def _sweep_facts(prepared: Prepared) -> dict[str, Any]:
    base = prepared.base
    return {
        "schema_version": 1,
        "exp_name": prepared.spec.exp_name,
        "spec": prepared.spec.model_dump(mode="json"),
        "spec_hash": prepared.spec_hash,
        "base": {
            "commit": base.commit,
            "name": base.name,
            "subject": base.subject,
            "branch": base.branch,
        },
        "jobs": [
            {
                "id": j.index,
                "cmd": j.command,
                "params": dict(j.params),
                "seed": j.seed,
                "config_id": j.config_id,
            }
            for j in prepared.jobs
        ],
        "parallel": prepared.parallel,
        "gpus_per_job": prepared.gpus,
        "gpu_mem_per_job": prepared.spec.gpu_mem,
        "slot_dir": str(prepared.slot_dir),
        "room": {
            "places": [str(place) for place in prepared.room.places],
            "least": prepared.room.least,
        },
        "devices": [
            {"uuid": d.uuid, "index": d.index, "name": d.name} for d in prepared.detection.devices
        ],
        "notes": list(prepared.notes),
        "host": platform.node(),
        "python_version": platform.python_version(),
        "versions": {"sweeptree": __version__, "prefect": version("prefect")},
        "argv": sys.argv,
        "pid": os.getpid(),
        "started_at": utc_now(),
        "ended_at": None,
        "exit_code": None,
    }


def _summary(prepared: Prepared, records: dict[int, JobRecord]) -> dict[str, Any]:
    """The seed's summary.json; the exit codes stand in the order of the jobs."""
    codes = [
        r.exit_code if (r := records.get(job.index)) is not None else None for job in prepared.jobs
    ]
    return {
        "exp_name": prepared.spec.exp_name,
        "commands": len(prepared.jobs),
        "exit_codes": codes,
        "timestamp": utc_now(),
    }
