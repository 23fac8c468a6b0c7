"""`sweeptree run`: plan a sweep and show it, or run it through Prefect and tell how it went.

Hides: the order that keeps the quick ways quick (nothing of the engine is imported before a sweep
really starts), and how Ctrl-C reaches the flow (through the same file as `sweeptree cancel`).
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import FrameType
from typing import TYPE_CHECKING, Any

from sweeptree.analysis.document import MAX_DOCUMENT_BYTES, Document, read_document
from sweeptree.cli.detaching import detach
from sweeptree.cli.options import RunOptions, make_spec
from sweeptree.cli.screens.terminal import counted
from sweeptree.cli.telling import recipients_here, tell_end, tell_trouble
from sweeptree.errors import RecordError, Refused, ServerError, UsageError
from sweeptree.hosts.choice import planner_for
from sweeptree.model import ExitCode, Resume, SweepSpec
from sweeptree.model.text import parse_duration
from sweeptree.publish.notify import Recipients, check
from sweeptree.records import SweepPaths, holder, read_json, read_sweep
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, must_start, prepare
from sweeptree.system.files import write_bytes, write_json

if TYPE_CHECKING:
    from sweeptree.cli.screens.live import LiveView
    from sweeptree.engine.connect import Engine

INLINE_COMMANDS = 1000
INTERRUPTED = "interrupted"
ENGINE_FAILED = "the Prefect server failed"
_STOPPING = ("stopping: jobs are asked to end; Ctrl-C again kills them", b"term")
_KILLING = ("killing the jobs", b"kill")


def run(options: RunOptions | None = None) -> int:
    """Run a sweep: one command per job, each in its own worktree of one pinned commit."""
    options = options or RunOptions()
    settings = Settings()
    _check_smoke(options)
    told = recipients_here(options.notify)
    spec = make_spec(options)
    planner = planner_for(spec, settings)
    prepared = prepare(spec, settings, resume=options.resume, planner=planner)
    if options.dry_run:
        return show_plan(prepared, as_json=options.as_json, everything=options.all_jobs)
    must_start(prepared)
    if options.smoke is not None:
        return _smoke(prepared, settings, options)
    check(told)
    _agree_to_publish(prepared, options)
    if options.detach:
        return detach(prepared, told, resume=options.resume)
    resume = Resume() if options.resume else None
    return run_prepared(prepared, settings, resume=resume, as_json=options.as_json, told=told)


def show_plan(prepared: PreparedSweep, *, as_json: bool, everything: bool = False) -> int:
    """Print the plan; `everything`: with every job."""
    from sweeptree.cli.screens.plan import plan_document, plan_screen, plan_view

    if as_json:
        print(json.dumps(plan_document(prepared), ensure_ascii=False))  # noqa: T201
    else:
        print(plan_screen(plan_view(prepared), everything=everything), end="")  # noqa: T201
    return 0


def _check_smoke(options: RunOptions) -> None:
    if options.smoke is None:
        return
    for name in ("dry_run", "detach", "resume"):
        if getattr(options, name):
            raise UsageError(f"--smoke runs one job, and --{name} is for the whole sweep")
    parse_duration(options.smoke)


def _smoke(prepared: PreparedSweep, settings: Settings, options: RunOptions) -> int:
    """Run one job for a short time, without Prefect, and say what that shows of the sweep."""
    from sweeptree.cli.screens.plan import plan_facts, plan_view
    from sweeptree.cli.screens.smoke import smoke_document, smoke_screen
    from sweeptree.cli.screens.terminal import say, write_out
    from sweeptree.engine.executors import executor_for
    from sweeptree.sweep.run import WithoutEngine, run_sweep
    from sweeptree.sweep.smoke import look_at, smoke_spec

    seconds = parse_duration(options.smoke or "")
    spec = smoke_spec(prepared, seconds)
    short = must_start(prepare(spec, settings, planner=planner_for(spec, settings)))
    if not options.as_json:
        write_out(plan_facts(plan_view(prepared)) + "\n")
    say(f"running job {prepared.jobs[0].index} for at most {seconds:g} s as {spec.exp_name}")
    with interruptible(short.paths):
        executor = executor_for(spec, settings, say, shown=False)
        ended = run_sweep(spec, None, WithoutEngine(), executor=executor, before_end=_nothing)
    if ended.is_refused:
        raise Refused(ended.reason)
    if ended.exit_code == ExitCode.INTERRUPTED:
        return ExitCode.INTERRUPTED
    smoke = look_at(short.paths, prepared)
    if options.as_json:
        write_out(json.dumps(smoke_document(smoke), ensure_ascii=False) + "\n")
    else:
        write_out(smoke_screen(smoke, prepared))
    return ExitCode.OK if smoke.is_good else ExitCode.JOBS_FAILED


def _nothing() -> None:
    """A short run makes no tables: pandas is not loaded."""


def _agree_to_publish(prepared: PreparedSweep, options: RunOptions) -> None:
    """Ask before a sweep that somebody starts by hand opens pull requests.

    Raises Refused when the answer is no.
    """
    from sweeptree.cli.screens.terminal import agreed, printable, somebody_types

    if options.yes or options.as_json or not somebody_types():
        return
    from sweeptree.cli.screens.plan import published

    what = published(prepared)
    if what and not agreed(f"{prepared.spec.exp_name}: {printable(what)}. Go on?"):
        raise Refused(
            "nothing was started",
            hint=("--dry_run shows the plan", "--yes starts without this question"),
        )


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a sweep ended that was run here; `code` None: interrupted before anything was started."""

    code: int | None
    ui: str
    notice: str | None


def run_prepared(
    prepared: PreparedSweep,
    settings: Settings,
    *,
    resume: Resume | None,
    as_json: bool,
    told: Recipients,
) -> int:
    """Run a sweep through Prefect to its end, show it meanwhile, and return its exit code."""
    from sweeptree.engine import connect

    paths = prepared.paths
    try:
        end = run_to_end(prepared, settings, resume=resume)
    except RecordError as error:
        tell_trouble(told, paths, error.message)
        raise
    if end.code is None:
        return connect.leave_in_time(ExitCode.INTERRUPTED)
    tell_end(told, paths, end.code)
    connect.leave_in_time(end.code)
    _show_end(paths, end.code, as_json=as_json, ui=end.ui, notice=end.notice)
    return end.code


def run_to_end(prepared: PreparedSweep, settings: Settings, *, resume: Resume | None) -> RunEnd:
    """Run a sweep through Prefect to its end and show it meanwhile.

    Raises RecordError where it left no exit code.
    """
    from sweeptree.engine import connect

    paths = prepared.paths
    before = started(paths)
    with connect.connected_or_not(settings) as connected:
        connect.say(_first_line(prepared, connected.ui_url))
        with interruptible(paths), _live_view(prepared):
            ways = _ways(_light_spec(prepared), resume)
            trouble = drive(connected, ways, began=lambda: started(paths) != before)
        notice = connected.notice() or server_notice(trouble)
    code = _exit_code(paths) if started(paths) != before else None
    if code is None and trouble == INTERRUPTED:
        name = prepared.spec.exp_name
        connect.say(f"interrupted before anything was started; {name} left nothing to resume")
    elif code is None:
        raise RecordError(f"the sweep ended without an exit code: {trouble}", path=str(paths.sweep))
    return RunEnd(code, connected.way_to_ui, notice)


def _first_line(prepared: PreparedSweep, ui_url: str) -> str:
    jobs = counted(len(prepared.jobs), "job")
    return f"{prepared.spec.exp_name}: {jobs}, {prepared.parallel} at a time   {ui_url}".rstrip()


def _live_view(prepared: PreparedSweep) -> LiveView:
    from sweeptree.cli.screens.board import Places
    from sweeptree.cli.screens.live import LiveView

    jobs = [
        {"id": job.index, "config_id": job.config_id, "seed": job.seed} for job in prepared.jobs
    ]
    devices = [*prepared.detection.devices, *chain(*prepared.far_devices.values())]
    on_hosts = bool(prepared.spec.hosts) or prepared.spec.executor == "slurm"
    labels = {device.uuid: str(device.index) for device in devices}
    return LiveView(
        prepared.paths,
        jobs,
        metric=prepared.spec.metric,
        places=Places(labels, on_hosts=on_hosts),
        room=prepared.room,
    )


def _light_spec(prepared: PreparedSweep) -> SweepSpec:
    """The spec as the flow's parameter.

    Prefect takes 512 KiB of parameters, so a long list travels as a file.
    """
    spec = prepared.spec
    if len(spec.commands) <= INLINE_COMMANDS and sum(map(len, spec.commands)) < 200_000:
        return spec
    prepared.paths.state.mkdir(parents=True, exist_ok=True)
    file = prepared.paths.state / "commands.json"
    write_json(file, list(spec.commands))
    return spec.model_copy(update={"commands": (), "commands_file": file})


@dataclass(frozen=True, slots=True)
class Ways:
    """The same run as a flow, and by its files alone."""

    as_flow: Callable[[], Any]
    by_files: Callable[[], Any]


def drive(engine: Engine, ways: Ways, *, began: Callable[[], bool]) -> str | None:
    """Run the flow; where the engine cannot even begin it, the run goes by its files.

    Returns what went wrong, or None.
    """
    if engine.trouble is None:
        trouble = _call(ways.as_flow)
        if trouble in (None, INTERRUPTED) or began():
            return trouble
        engine.lose(ServerError(str(trouble).splitlines()[0], hint="sweeptree doctor"))
    return _call(ways.by_files)


def _ways(spec: SweepSpec, resume: Resume | None) -> Ways:
    from sweeptree.flows.sweep import sweep, sweep_by_files

    return Ways(
        as_flow=lambda: sweep(spec, resume=resume, return_state=True),
        by_files=lambda: sweep_by_files(spec, resume),
    )


def _call(flow: Callable[[], Any]) -> str | None:
    """Call the flow; the engine's own trouble is returned as a line, because the records decide.

    Raises Refused where somebody else took the sweep between the plan and the start.
    """
    from sweeptree.engine.agent_runs import REFUSED

    try:
        state = flow()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # the engine's trouble must not hide the results
        return f"{ENGINE_FAILED}: {type(error).__name__}: {str(error).strip()[:200]}"
    if state.name == REFUSED:
        raise Refused(state.message, hint="sweeptree status")
    return None if state.is_completed() else state.message


def server_notice(trouble: str | None) -> str | None:
    """One line for a server that went away and stayed away, or None."""
    if trouble is None or not trouble.startswith(ENGINE_FAILED):
        return None
    return f"{trouble.splitlines()[0]}; its UI lacks the end, the records lack nothing"


@contextlib.contextmanager
def interruptible(paths: SweepPaths) -> Iterator[None]:
    """Ctrl-C once asks the jobs to stop, twice kills them.

    Before anything runs it simply ends the command.
    """
    presses = 0

    def press(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal presses
        presses += 1
        if holder(paths) is None:
            raise KeyboardInterrupt
        text, word = _STOPPING if presses == 1 else _KILLING
        sys.stderr.write(f"\n{text}\n")
        write_bytes(paths.cancel, word, durable=False)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, press)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closed terminal does not end a sweep
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGHUP, hangup)


def started(paths: SweepPaths) -> object:
    """When the sweep was last started; it tells whether this process has begun it."""
    return _facts(paths).get("started_at")


def _facts(paths: SweepPaths) -> Mapping[str, Any]:
    try:
        return read_sweep(paths)
    except RecordError:
        return {}


def _exit_code(paths: SweepPaths) -> int | None:
    code = _facts(paths).get("exit_code")
    return code if isinstance(code, int) else None


def _show_end(paths: SweepPaths, code: int, *, as_json: bool, ui: str, notice: str | None) -> None:
    from sweeptree.cli.screens.causes import stop_note
    from sweeptree.cli.screens.ending import Ending, final_screen
    from sweeptree.cli.screens.step_summary import annotate, write_step_summary

    document = read_document(paths)
    write_step_summary(document, code)
    annotate(document)
    if as_json:
        plain = read_json(paths.aggregated_json, limit=MAX_DOCUMENT_BYTES)
        print(json.dumps(plain, ensure_ascii=False))  # noqa: T201
        return
    stopped = stop_note(paths.root.name, _facts(paths), document.jobs)
    notes = [note for note in (stopped, notice, _report_note(paths, document)) if note]
    print(final_screen(Ending(document, paths, code, ui, notes)), end="")  # noqa: T201


def _report_note(paths: SweepPaths, document: Document) -> str | None:
    """See that the page is there, also when the server died early; why it is not, or None."""
    from sweeptree.cli.commands.show import is_older
    from sweeptree.report import try_report

    if paths.report.exists() and not is_older(paths.report, paths.aggregated_json):
        return None
    return try_report(paths, document)
