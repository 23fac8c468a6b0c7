"""`sweeptree auto-run`: one command in a worktree of its own, its log here, its exit code as ours.

What the command prints goes to stdout; what is said about it goes to stderr, so that a pipe gets
what it would get from the command itself.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from sweeptree.analysis.wording import file_line
from sweeptree.cli.commands.run import (
    INTERRUPTED,
    Ways,
    drive,
    interruptible,
    server_notice,
    show_plan,
    started,
)
from sweeptree.cli.options import FLAG, JSON, NOTIFY, SEVERAL, WHOLE, described, valid
from sweeptree.cli.screens.live_log import LiveLog
from sweeptree.cli.screens.terminal import fact_line, printable, say, write_out
from sweeptree.cli.telling import recipients_here, tell
from sweeptree.errors import RecordError
from sweeptree.model import ExitCode
from sweeptree.publish.notify import Recipients, check, notice_of
from sweeptree.settings import Settings
from sweeptree.sweep.one import AutoRunSpec, claim_one, drop_claim, prepare_one
from sweeptree.sweep.one_report import RunReport, facts, report_on
from sweeptree.sweep.preflight import PreparedSweep

_SHOWN_FILES = 12


def _option(field: str) -> Parameter:
    return described(AutoRunSpec, field)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class AutoRunOptions:
    """The options of `auto-run`.

    Parameters
    ----------
    dry_run
        Show the plan and change nothing at all.
    as_json
        Print the report as one JSON document; the log goes to stderr.
    """

    then: Annotated[tuple[str, ...], SEVERAL, _option("then")] = ()
    name: Annotated[str | None, Parameter(name=("--name", "-n")), _option("name")] = None
    base: Annotated[str | None, _option("base")] = None
    gpus: Annotated[int | None, WHOLE, _option("gpus")] = None
    gpu_mem: Annotated[str | None, _option("gpu_mem")] = None
    devices: Annotated[str | None, _option("devices")] = None
    timeout: Annotated[str | None, _option("timeout")] = None
    dirty: Annotated[Literal["refuse", "snapshot", "ignore"] | None, _option("dirty")] = None
    links: Annotated[str | None, _option("links")] = None
    setup: Annotated[str | None, _option("setup")] = None
    keep_env: Annotated[str | None, _option("keep_env")] = None
    keep: Annotated[bool, FLAG, _option("keep")] = False
    results_dir: Annotated[Path | None, _option("results_dir")] = None
    notify: Annotated[tuple[str, ...], NOTIFY] = ()
    dry_run: Annotated[bool, FLAG] = False
    as_json: Annotated[bool, JSON] = False


def auto_run(command: str, /, *, options: AutoRunOptions | None = None) -> int:
    """Run one command in a worktree of its own, and say what it changed and made.

    Its exit code is ours: 124 when it ran out of time, 128 and the signal that ended it, 130 when
    it was cancelled.

    Parameters
    ----------
    command
        A shell command, run as written.
    """
    options = options or AutoRunOptions()
    settings = Settings()
    told = recipients_here(options.notify)
    spec = _spec(command, options)
    if options.dry_run:
        return show_plan(prepare_one(spec, settings), as_json=options.as_json)
    check(told)
    prepared = claim_one(spec, settings)
    try:
        return _run(prepared, spec, told, as_json=options.as_json)
    finally:
        drop_claim(prepared.paths)


def _spec(command: str, options: AutoRunOptions) -> AutoRunSpec:
    given = {field.name: getattr(options, field.name) for field in fields(options)}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for own in ("notify", "dry_run", "as_json"):
        del values[own]
    if options.results_dir is not None:
        values["results_dir"] = Path.cwd() / options.results_dir
    return valid(
        AutoRunSpec, {**values, "command": command, "repo": Path.cwd()}, command="auto-run"
    )


def _run(prepared: PreparedSweep, spec: AutoRunSpec, told: Recipients, *, as_json: bool) -> int:
    """Run it through Prefect to its end, with its log meanwhile, and return its exit code."""
    from sweeptree.engine import connect

    paths, name = prepared.paths, prepared.spec.exp_name
    ways = _ways(spec.model_copy(update={"name": name}))
    before = started(paths)
    stream = sys.stderr if as_json else sys.stdout
    with connect.connected_or_not(Settings()) as connected:
        say(_first_line(prepared, connected.ui_url))
        with interruptible(paths), LiveLog(prepared, stream):
            trouble = drive(connected, ways, began=lambda: started(paths) != before)
        notice = connected.notice() or server_notice(trouble)
    if started(paths) != before:
        report = report_on(paths.root)
        _tell(told, report)
        connect.leave_in_time(report.exit_code)
        _show(report, notice, as_json=as_json)
        return report.exit_code
    if trouble != INTERRUPTED:
        raise RecordError(f"the run could not begin: {trouble}", path=str(paths.sweep))
    say(f"interrupted before anything was started; {name} left nothing to resume")
    return connect.leave_in_time(ExitCode.INTERRUPTED)


def _tell(told: Recipients, report: RunReport) -> None:
    if told:
        tell(told, notice_of(report.name, report.state, report.reason))


def _ways(spec: AutoRunSpec) -> Ways:
    def as_flow() -> Any:
        from sweeptree.agents.auto_runner import auto_runner

        return auto_runner(spec, return_state=True)

    def by_files() -> Any:
        from sweeptree.engine.agent_runs import state_of
        from sweeptree.sweep.one import run_one
        from sweeptree.sweep.run import WithoutEngine

        return state_of(run_one(spec, WithoutEngine()))

    return Ways(as_flow, by_files)


def _first_line(prepared: PreparedSweep, ui_url: str) -> str:
    base = prepared.base.commit[:12]
    return f"{prepared.spec.exp_name}: in a worktree of {base}   {ui_url}".rstrip()


def _show(report: RunReport, notice: str | None, *, as_json: bool) -> None:
    if as_json:
        write_out(report.model_dump_json(exclude={"markdown"}) + "\n")
    say("\n".join(_lines(report, notice)))


def _lines(report: RunReport, notice: str | None) -> list[str]:
    """What is said of a run when it is over."""
    notes = [*report.notes, *([notice] if notice else [])]
    return [
        f"{report.name}: {printable(report.reason)}",
        *(fact_line(label, text) for label, text in facts(report)),
        *_changed(report),
        *_artifacts(report),
        *(f"- {printable(note)}" for note in notes),
        f"Next:  {_next(report)}",
    ]


def _changed(report: RunReport) -> list[str]:
    if not report.changed:
        return []
    files = report.changed[:_SHOWN_FILES]
    lines = [file_line(file.path, file.added, file.removed) for file in files]
    return ["  changed", *lines, *_more(len(report.changed))]


def _artifacts(report: RunReport) -> list[str]:
    if not report.artifacts:
        return []
    lines = [f"    {printable(name)}" for name in report.artifacts[:_SHOWN_FILES]]
    return ["  artifacts", *lines, *_more(len(report.artifacts))]


def _more(count: int) -> list[str]:
    more = count - _SHOWN_FILES
    return [f"    and {more} more"] if more > 0 else []


def _next(report: RunReport) -> str:
    commands = [f"sweeptree logs {report.name}"]
    if report.exit_code == ExitCode.INTERRUPTED:
        commands.insert(0, f"sweeptree resume {report.name}")
    if report.worktree is not None and report.changed:
        commands.insert(0, f"git -C {report.worktree} diff {(report.commit or '')[:12]}")
    return "    ".join(commands)
