"""The page's tables: configs, jobs, failures and provenance. Text in cells, keys to sort by."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sweeptree.analysis.document import Comparison, JobRow, Summary
from sweeptree.analysis.failures import (
    FAILED,
    FailureGroup,
    group_failures,
    job_numbers,
    retry_command,
)
from sweeptree.analysis.wording import (
    clock,
    counted,
    number,
    printable,
    short_p,
    signed,
    spoken,
    word,
)
from sweeptree.model import Scalar
from sweeptree.report.sheet import Config, Sheet
from sweeptree.report.varying import value_text
from sweeptree.system.clock import parse_time

MAX_CONFIGS = 1000
MAX_JOBS = 1000
MAX_CAUSES = 12
_MAX_METRICS = 5
_LOG_LINES = 12
_SHOWN_JOBS = 10
_MAX_TEXT = 200
_MAX_PARAMS = 12
_STARTERS = ("run", "orchestrate", "resume", "demo")


@dataclass(frozen=True, slots=True)
class Cell:
    """What is written, a number to sort by where there is one, and a class of the style sheet."""

    text: str
    key: float | None = None
    kind: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Head and rows, and how many rows are left out.

    `configs`: the place of each row's config among the page's, -1 for none; `anchors`: the names
    by which links find the rows.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int
    configs: tuple[int, ...] = ()
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Jobs that failed alike, the end of one's log, and the command that tries them again.

    `more`: how many of the jobs are not named.
    """

    title: str
    line: str
    jobs: tuple[Cell, ...]
    more: int
    log_name: str
    log: str
    command: str


def config_table(sheet: Sheet) -> Table:
    """One row per config, the best first. Columns without content are left out."""
    names = sheet.metric_names()[:_MAX_METRICS]
    first, others = names[:1], names[1:]
    head = ["rank", *_param_names(sheet), *first, "runs", "failed"]
    head += ["95 % interval", "vs best", "p", *others, "mean time", "jobs"]
    shown = sheet.configs[:MAX_CONFIGS]
    rows = [_config_row(sheet, config, names) for config in shown]
    table = _slim(head, rows, len(sheet.configs) - len(rows))
    return replace(table, configs=tuple(config.place for config in shown))


def _param_names(sheet: Sheet) -> tuple[str, ...]:
    """The columns that tell configs apart: the parameters that vary, else the config's name."""
    is_told = all(config.name != config.group.config_id for config in sheet.configs)
    fits = 0 < len(sheet.varying) <= _MAX_PARAMS
    has_params = all(config.params for config in sheet.configs)
    return sheet.varying if fits and (is_told or has_params) else ("config",)


def _param_cells(sheet: Sheet, config: Config | None, name: str) -> list[Cell]:
    names = _param_names(sheet)
    if names == ("config",):
        return [Cell(printable(name), kind="name")]
    params = {} if config is None else config.params
    return [_param(params, one) for one in names]


def _param(params: Mapping[str, Scalar], name: str) -> Cell:
    value, text = params.get(name), _cut(value_text(params, name))
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return _number(float(value), text)
    return Cell(text, kind="name")


def _config_row(sheet: Sheet, config: Config, names: Sequence[str]) -> list[Cell]:
    first, others = names[:1], names[1:]
    runs = _runs(sheet, config, first)
    return [
        _number(config.rank, str(config.rank or "")),
        *_param_cells(sheet, config, config.name),
        *(_metric(config, name) for name in first),
        _number(runs, str(runs)),
        _number(config.group.n_failed, str(config.group.n_failed or "")),
        Cell(_interval(config, first), kind="number"),
        *_against_best(config.against_best),
        *(_metric(config, name) for name in others),
        _number(config.seconds(), spoken(config.seconds())),
        _job_numbers(config),
    ]


def _job_numbers(config: Config) -> Cell:
    """Which jobs a config has; a click leads to the first."""
    indices = sorted(job.id for job in config.jobs)
    first = indices[0] if indices else None
    return Cell(_cut(job_numbers(indices)), first, "number", link=_anchor(first))


def _anchor(index: int | None) -> str | None:
    """Where a job's row stands, if the page has it."""
    return f"#job-{index}" if index is not None and index < MAX_JOBS else None


def _runs(sheet: Sheet, config: Config, first: Sequence[str]) -> int:
    """How many runs the ranking metric is over."""
    if sheet.objective is None:
        return config.group.n
    return len(config.values(first[0])) if first else 0


def _interval(config: Config, first: Sequence[str]) -> str:
    interval = config.interval(first[0]) if first else None
    return " to ".join(map(number, interval or ()))


def _against_best(row: Comparison | None) -> tuple[Cell, Cell]:
    if row is None:
        return _number(None, ""), _number(None, "")
    return _number(row.delta, _signed(row.delta)), _number(row.p_holm, short_p(row.p_holm))


def _metric(config: Config, name: str) -> Cell:
    return _number(config.mean(name), config.spread(name))


def _number(key: float | None, text: str) -> Cell:
    return Cell(text, key, "number")


def _signed(delta: float) -> str:
    return signed(delta).replace("-", "\N{MINUS SIGN}", 1)


def _slim(head: Sequence[str], rows: Sequence[Sequence[Cell]], left_out: int) -> Table:
    """The table without the columns that are empty in every row."""
    kept = [place for place in range(len(head)) if any(row[place].text for row in rows)]
    picked = tuple(tuple(row[place] for place in kept) for row in rows)
    return Table(tuple(head[place] for place in kept), picked, left_out)


def job_table(sheet: Sheet) -> Table:
    """One row per job, failed ones too."""
    metric = sheet.objective.name if sheet.objective else ""
    head = (
        *("job", *_param_names(sheet), "seed", "state", metric or "metric"),
        *("time", "GPU memory", "commit", "PR", "command"),
    )
    shown = [job for job in sheet.jobs if job.id < MAX_JOBS]
    rows = [_job_row(sheet, job, metric) for job in shown]
    table = _slim(head, rows, len(sheet.jobs) - len(rows))
    configs = [sheet.config_of(job) for job in shown]
    places = tuple(-1 if config is None else config.place for config in configs)
    return replace(table, configs=places, anchors=tuple(f"job-{job.id}" for job in shown))


def _job_row(sheet: Sheet, job: JobRow, metric: str) -> list[Cell]:
    value, seconds = job.metrics.get(metric), job.duration_seconds
    shown = number(job.shown_metric(metric))
    return [
        _number(job.id, str(job.id)),
        *_param_cells(sheet, sheet.config_of(job), job.config_id or ""),
        _number(job.seed, "" if job.seed is None else str(job.seed)),
        _state(job),
        _number(value, shown),
        _number(seconds, clock(seconds)),
        _memory(job.peak_vram_mb),
        Cell((job.git_commit or "")[:7], kind="code"),
        _pull_request(job),
        Cell(_cut(job.cmd), kind="code command"),
    ]


def _state(job: JobRow) -> Cell:
    kind = "bad" if job.state in FAILED else ""
    return Cell(word(job.state or "unknown"), kind=kind)


def _memory(mib: float | None) -> Cell:
    return _number(mib, "" if mib is None else f"{mib:.0f} MiB")


def _pull_request(job: JobRow) -> Cell:
    url = job.pr_url or ""
    safe = url if url.startswith(("https://", "http://")) else None
    return Cell(f"#{job.pr_number}" if job.pr_number else _cut(url), link=safe)


def _cut(text: object) -> str:
    line = printable(text)
    return line if len(line) <= _MAX_TEXT else line[: _MAX_TEXT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def failures(sheet: Sheet) -> tuple[list[Failure], int]:
    """The causes, the commonest first, and how many more there are."""
    groups = group_failures(sheet.jobs)
    shown = [_failure(sheet, group) for group in groups[:MAX_CAUSES]]
    return shown, len(groups) - len(shown)


def _failure(sheet: Sheet, group: FailureGroup) -> Failure:
    first, many = group.jobs[0], len(group.jobs)
    named = [_named(sheet, job) for job in group.jobs[:_SHOWN_JOBS]]
    return Failure(
        title=f"{counted(many, 'job')}: {_cut(group.reason)}",
        line=_cut(group.line),
        jobs=tuple(named),
        more=many - len(named),
        log_name=f"job_{first.id}.log",
        log=_log_end(first.log_tail),
        command=retry_command(sheet.name, group.jobs),
    )


def _named(sheet: Sheet, job: JobRow) -> Cell:
    return Cell(f"{job.id} ({_who(sheet, job)})", link=_anchor(job.id))


def _who(sheet: Sheet, job: JobRow) -> str:
    seed = "" if job.seed is None else f", seed {job.seed}"
    return printable(sheet.name_of(job) or "no config") + seed


def _log_end(tail: str) -> str:
    lines = tail.replace("\r", "\n").rstrip().split("\n")[-_LOG_LINES:]
    return "\n".join(_cut(line) for line in lines)


def provenance(sheet: Sheet) -> list[tuple[str, str]]:
    """Where the numbers come from: (what, in words); what is not known is left out."""
    facts = sheet.facts
    known = [*_code(sheet), *_run(sheet), *_place(facts), ("command", sweep_command(facts))]
    return [(what, _cut(text)) for what, text in known if text]


def _code(sheet: Sheet) -> list[tuple[str, object]]:
    base, goal = _dict(sheet.facts.get("base")), sheet.objective
    commit, subject = base.get("commit"), base.get("subject")
    titled = f'{commit} "{_cut(subject)}"' if subject else commit
    return [
        ("commit", titled if commit else ""),
        ("branch", base.get("branch")),
        ("metric", f"{goal.name}, {goal.goal}" if goal else ""),
        ("spec", sheet.facts.get("spec_hash")),
    ]


def _run(sheet: Sheet) -> list[tuple[str, object]]:
    facts = sheet.facts
    in_worktrees = _dict(facts.get("spec")).get("use_worktree")
    return [
        ("started", _moment(facts.get("started_at"))),
        ("ended", _moment(facts.get("ended_at"))),
        ("took", _durations(sheet.summary)),
        ("at a time", facts.get("parallel")),
        ("worktrees", "one per job" if in_worktrees else ""),
    ]


def _place(facts: Mapping[str, Any]) -> list[tuple[str, object]]:
    versions = _dict(facts.get("versions")).items()
    devices = [_cut(device.get("name")) for device in _dicts(facts.get("devices"))]
    return [
        ("GPUs", ", ".join(devices)),
        ("machine", facts.get("host")),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions)),
        ("Python", facts.get("python_version")),
    ]


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _moment(text: object) -> str:
    moment = parse_time(text)
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname()}"


def _durations(summary: Summary) -> str:
    named = (
        (summary.wall_seconds, ""),
        (summary.job_seconds, " of jobs"),
        (summary.gpu_seconds, " of GPUs"),
    )
    return ", ".join(f"{spoken(seconds)}{what}" for seconds, what in named if seconds)


def sweep_command(facts: Mapping[str, Any]) -> str:
    """The command line that ran the sweep; nothing when a deployment did, or nobody knows."""
    argv = facts.get("argv")
    words = list(map(str, argv))[1:] if isinstance(argv, list) else []
    if not words or words[0] not in _STARTERS:
        return ""
    return shlex.join(["sweeptree", *words])


def reproduce_line(sheet: Sheet) -> tuple[str, str] | None:
    """Which run of the best config, and the line that runs it anew; None when no record has one."""
    for config in sheet.configs:
        for job in config.succeeded:
            if job.reproduce:
                return _who(sheet, job), _verbatim(job.reproduce)
    return None


def _verbatim(text: object) -> str:
    """Text to copy: its lines stay lines."""
    return "\n".join(printable(line) for line in str(text).split("\n"))
