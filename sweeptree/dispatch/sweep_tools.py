"""The tools that look at what runs: status, logs, stop and results. All but `stop` only read
records, in this process; the aggregates are made by a command."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeptree.dispatch.answers import (
    CallNow,
    Log,
    Ranked,
    Results,
    Status,
    Stopped,
    SweepNow,
)
from sweeptree.dispatch.arguments import (
    LogsArguments,
    ResultsArguments,
    StatusArguments,
    StopArguments,
)
from sweeptree.dispatch.call_words import words_of
from sweeptree.dispatch.calls import Call, CallState
from sweeptree.dispatch.chat import Chat, errors_of
from sweeptree.dispatch.chat_folder import Kind, is_handle
from sweeptree.dispatch.sweep_now import (
    all_sweeps,
    as_answer,
    ended_jobs,
    find_sweep,
    is_at_work,
)
from sweeptree.errors import UsageError
from sweeptree.records import SweepPaths, holder
from sweeptree.sweep.tails import read_tail
from sweeptree.sweep.view import SweepView, view_sweep
from sweeptree.system.files import write_bytes

if TYPE_CHECKING:
    from sweeptree.analysis.document import Group

_POLL_SECONDS = 0.25
_SHOWN_CALLS = 20
_SHOWN_CONFIGS = 20
_SHOWN_FIELDS = 12
_LOG_BYTES = 64 * 1024
_KILL_SECONDS = 1.0
_LAST_WORDS_SECONDS = 0.4
_GOOD = (0, None)


@dataclass(frozen=True, slots=True)
class _Target:
    """What an id means: a call, a sweep, or a call that runs a sweep."""

    call: Call | None = None
    sweep: SweepPaths | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether the call runs, or the sweep does."""
        if self.call is not None and self.call.state is CallState.RUNNING:
            return True
        return self.sweep is not None and is_at_work(view_sweep(self.sweep))


def _target(chat: Chat, handle: str) -> _Target:
    """Raises UsageError for an id that means nothing."""
    if not is_handle(handle, Kind.CALL):
        paths = find_sweep(chat, handle)
        return _Target(_driver(chat, paths), paths)
    call = chat.call_of(handle)
    return _Target(call, None if call.sweep is None else SweepPaths(call.sweep))


def _driver(chat: Chat, paths: SweepPaths) -> Call | None:
    """The call that runs a sweep now, if one does."""
    running = (call for call in chat.calls() if call.sweep == paths.root)
    return next((call for call in running if call.state is CallState.RUNNING), None)


def status(chat: Chat, arguments: StatusArguments) -> Status:
    """Everything there is, or one sweep or call once it has ended, at the latest after a wait."""
    if arguments.id is None:
        return _everything(chat)
    target = _target(chat, arguments.id)
    _wait(chat, target, arguments.wait_s)
    sweeps = _sweeps(target)
    calls = () if target.call is None else (_call_now(target.call),)
    is_open = target.is_at_work
    document = target.call.document() if target.call is not None and not is_open else None
    return Status(
        message=_message(arguments.id, sweeps, calls, is_open=is_open),
        next=_steps(arguments.id, sweeps, is_open=is_open),
        sweeps=sweeps,
        calls=calls,
        report=report_of(document),
    )


def report_of(document: dict[str, object] | None) -> dict[str, object] | None:
    """The report in what a command printed: under that name, or the whole document."""
    inner = None if document is None else document.get("report")
    return inner if isinstance(inner, dict) else document


def _everything(chat: Chat) -> Status:
    sweeps = all_sweeps(chat)
    calls = tuple(_call_now(call) for call in chat.calls()[:_SHOWN_CALLS])
    return Status(
        message=f"{len(sweeps)} sweeps, {len(calls)} calls of late",
        next=("call `status` with an id for more",) if sweeps else ("call `plan`",),
        sweeps=sweeps,
        calls=calls,
    )


def _wait(chat: Chat, target: _Target, seconds: float) -> None:
    """Wait for the end, at most so long, and tell how far it is when that changes."""
    deadline = time.monotonic() + seconds
    said = ""
    while target.is_at_work and time.monotonic() < deadline:
        said = _tell(chat, target, said)
        time.sleep(_POLL_SECONDS)


def _tell(chat: Chat, target: _Target, said: str) -> str:
    """Tell how far it is, unless that was said already; returns what was said last."""
    done, total, line = _progress(target)
    if line and line != said:
        chat.tell(done, total, line)
    return line


def _progress(target: _Target) -> tuple[float, float | None, str]:
    """The jobs that have ended, all jobs, and both in words; before there are any, what is done."""
    if target.sweep is not None and target.sweep.sweep.exists():
        view = view_sweep(target.sweep)
        return ended_jobs(view), len(view.jobs) or None, _progress_line(view)
    return 0, None, "" if target.call is None else _last_line(target.call)


def _last_line(call: Call) -> str:
    """What a call said last."""
    lines = call.printed("stderr").strip().splitlines()
    return lines[-1] if lines else ""


def _progress_line(view: SweepView) -> str:
    counts = (f"{many} {state}" for state, many in sorted(view.counts.items()))
    return f"{view.name}: {', '.join(counts) or 'starting'}"


def _sweeps(target: _Target) -> tuple[SweepNow, ...]:
    if target.sweep is None or not target.sweep.sweep.exists():
        return ()
    return (as_answer(view_sweep(target.sweep)),)


def _call_now(call: Call) -> CallNow:
    about = call.about
    state = call.state
    is_bad = state is not CallState.RUNNING and call.exit_code not in _GOOD
    return CallNow(
        id=call.handle,
        tool=str(about.get("tool", "")),
        state=state,
        exit_code=call.exit_code,
        seconds=round(call.seconds, 1),
        said=_last_line(call),
        command=shlex.join(["sweeptree", *about.get("words", ())]),
        errors="\n".join([errors_of(call)[0], *errors_of(call)[1]]) if is_bad else "",
    )


def _message(
    handle: str, sweeps: tuple[SweepNow, ...], calls: tuple[CallNow, ...], *, is_open: bool
) -> str:
    if is_open:
        said = f": {calls[0].said}" if calls and not sweeps else ""
        return f"{handle} is still at work{said}"
    if sweeps:
        code = "no exit code" if sweeps[0].exit_code is None else f"exit code {sweeps[0].exit_code}"
        return f"{sweeps[0].exp_name} is {sweeps[0].state}, with {code}"
    return f"{handle} has {calls[0].state}, with exit code {calls[0].exit_code}"


def _steps(handle: str, sweeps: tuple[SweepNow, ...], *, is_open: bool) -> tuple[str, ...]:
    if is_open:
        return (f"call `status` with the id {handle} again", f"or `stop` with the id {handle}")
    if not sweeps:
        return (f"call `logs` with the id {handle} for all that it printed",)
    name = sweeps[0].exp_name
    bad = [job.id for job in sweeps[0].jobs if job.exit_code not in _GOOD]
    look = [f"call `logs` with the id {name} and job {bad[0]} for what went wrong"] if bad else []
    return (f"call `results` with the name {name}", *look)


def logs(chat: Chat, arguments: LogsArguments) -> Log:
    """The end of what a job, all jobs of a sweep, or a call printed."""
    target = _target(chat, arguments.id)
    if target.sweep is not None and target.sweep.sweep.exists():
        return _job_logs(target.sweep, arguments)
    assert target.call is not None
    text = "".join(target.call.printed(stream) for stream in ("stderr", "stdout"))
    return Log(
        message=f"{arguments.id}: what the command printed",
        text=_last_lines(text, arguments.tail),
        path=target.call.folder,
    )


def _job_logs(paths: SweepPaths, arguments: LogsArguments) -> Log:
    view = view_sweep(paths)
    chosen = [job.index for job in view.jobs if arguments.job in (None, job.index)]
    if not chosen:
        raise UsageError(
            f"{view.name} has no job {arguments.job}",
            hint=f"it has the jobs 0 to {len(view.jobs) - 1}",
        )
    shown = chosen[:_SHOWN_CONFIGS]
    parts = [_job_log(paths, index, arguments.tail) for index in shown]
    only = paths.log(shown[0]) if len(chosen) == 1 else None
    more = len(chosen) - len(shown)
    rest = (f"call `logs` with a job: {more} more jobs are not shown",) if more else ()
    return Log(
        message=f"{view.name}: the last lines of {len(shown)} of {len(view.jobs)} jobs",
        next=rest,
        text="\n".join(parts),
        path=only or paths.root,
    )


def _job_log(paths: SweepPaths, index: int, tail: int) -> str:
    text = read_tail(paths.log(index), _LOG_BYTES).decode(errors="replace")
    return f"== job {index}: {paths.log(index)}\n{_last_lines(text, tail)}"


def _last_lines(text: str, tail: int) -> str:
    return "\n".join(text.splitlines()[-tail:])


def stop(chat: Chat, arguments: StopArguments) -> Stopped:
    """End a sweep's jobs or a call's processes; those that do not end in time are killed."""
    begun = time.monotonic()
    target = _target(chat, arguments.id)
    was_at_work = target.is_at_work
    if target.sweep is not None:
        _stop_sweep(chat, target.sweep, arguments.grace_s)
    if target.call is not None and target.call.wait(_LAST_WORDS_SECONDS) is CallState.RUNNING:
        target.call.stop(arguments.grace_s)
    is_over = not target.is_at_work
    return Stopped(
        message=_stop_message(arguments.id, was_at_work=was_at_work, is_over=is_over),
        next=() if is_over else (f"call `stop` with the id {arguments.id} and grace_s 0",),
        id=arguments.id,
        is_over=is_over,
        seconds=round(time.monotonic() - begun, 2),
    )


def _stop_sweep(chat: Chat, paths: SweepPaths, grace: float) -> None:
    """Through the process that drives it, else through the keepers of its jobs."""
    if holder(paths) is not None:
        _stop_driver(paths, grace)
    elif paths.root.is_dir() and is_at_work(view_sweep(paths)):
        _stop_keepers(chat, paths)


def _stop_driver(paths: SweepPaths, grace: float) -> None:
    """Ask the process that drives a sweep to stop its jobs, then to kill them."""
    write_bytes(paths.cancel, b"term" if grace else b"kill", durable=False)
    if not _is_let_go(paths, grace):
        write_bytes(paths.cancel, b"kill", durable=False)
        _is_let_go(paths, _KILL_SECONDS)


def _is_let_go(paths: SweepPaths, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while holder(paths) is not None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS / 5)
    return True


def _stop_keepers(chat: Chat, paths: SweepPaths) -> None:
    """Nobody drives the sweep: the command takes it over and ends its jobs."""
    call = chat.begin("stop", words_of(["cancel"], {"kill": True}, [paths.root]))
    if chat.wait(call) is CallState.ENDED:
        call.forget()


def _stop_message(handle: str, *, was_at_work: bool, is_over: bool) -> str:
    if not was_at_work:
        return f"nothing of {handle} was running"
    return f"{handle} is stopped" if is_over else f"{handle} is being stopped, and not yet over"


def results(chat: Chat, arguments: ResultsArguments) -> Results:
    """The aggregates of a sweep, made anew where its records are newer, and read back."""
    paths = find_sweep(chat, arguments.name)
    warnings = _refresh(chat, paths) if arguments.refresh and _is_stale(paths) else ()
    from sweeptree.analysis.document import read_document

    document = read_document(paths)
    name = paths.root.name
    return Results(
        message=f"{name}: {document.n_jobs} jobs in {len(document.groups)} configs",
        next=(f"show the person {paths.report}", f"call `logs` with the id {name}"),
        exp_name=name,
        n_jobs=document.n_jobs,
        exit_code=document.summary.exit_code,
        exit_codes=document.summary.exit_codes,
        states=dict(document.summary.states),
        leaderboard=tuple(map(_ranked, document.in_order()[:_SHOWN_CONFIGS])),
        pull_requests=tuple(job.pr_url for job in document.jobs if job.pr_url),
        warnings=(*warnings, *document.warnings),
        files=tuple(path for path in _files(paths) if path.exists()),
    )


def _ranked(group: Group) -> Ranked:
    names = list(group.metrics)[:_SHOWN_FIELDS]
    return Ranked(
        rank=group.rank,
        config_id=group.config_id,
        n=group.n,
        n_failed=group.n_failed,
        metrics={name: group.spread(name) for name in names},
    )


def _is_stale(paths: SweepPaths) -> bool:
    try:
        made = paths.aggregated_json.lstat().st_mtime_ns
        return paths.ledger.exists() and paths.ledger.lstat().st_mtime_ns > made
    except OSError:
        return True


def _refresh(chat: Chat, paths: SweepPaths) -> tuple[str, ...]:
    """Make the aggregates; what went wrong is a warning, for older ones may stand."""
    call = chat.begin("results", words_of(["aggregate"], {"exp_dir": paths.root}))
    if chat.wait(call) is CallState.RUNNING:
        return (f"the aggregates are still being made ({call.handle}); these are older",)
    if call.exit_code != 0:
        return (f"the aggregates are old: {errors_of(call)[0]}",)
    call.forget()
    return ()


def _files(paths: SweepPaths) -> tuple[Path, ...]:
    return (paths.aggregated_json, paths.aggregated_csv, paths.groups_csv, paths.report)
