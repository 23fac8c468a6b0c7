"""The rows of the page's tables: configs, jobs, failures and where it all came from.

Text in cells, keys to sort by.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeptree.analysis.failures import FailureGroup, group_failures
from sweeptree.analysis.wording import clock, number, printable, spoken, word
from sweeptree.model import told_cause
from sweeptree.records import parse_time
from sweeptree.report.sheet import Config, Job, Sheet

MAX_CONFIGS = 200
MAX_JOBS = 200
MAX_CAUSES = 12
_MAX_METRICS = 5
_LOG_LINES = 12
_MAX_TEXT = 300
_STARTERS = ("run", "orchestrate", "resume", "demo")


@dataclass(frozen=True, slots=True)
class Cell:
    """What is written; a number to sort by where there is one; `kind` is a class of the style
    sheet."""

    text: str
    key: float | None = None
    kind: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Head and rows, and how many rows are left out."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Jobs that failed alike, the end of the first one's log, and the command that tries them
    again."""

    title: str
    line: str
    jobs: str
    log_name: str
    log: str
    command: str


def config_table(sheet: Sheet) -> Table:
    """One row per config, the best first. Columns without content are left out."""
    names = sheet.metric_names()[:_MAX_METRICS]
    first, others = names[:1], names[1:]
    head = [
        "rank",
        "config",
        *first,
        "runs",
        "failed",
        "95 % interval",
        "vs best",
        "p",
        *others,
        "mean time",
    ]
    rows = [_config_row(sheet, config, first, others) for config in sheet.configs[:MAX_CONFIGS]]
    return _slim(head, rows, len(sheet.configs) - len(rows))


def _config_row(
    sheet: Sheet, config: Config, first: Sequence[str], others: Sequence[str]
) -> list[Cell]:
    main = first[0] if first else ""
    interval, row = config.interval(main), config.against_best or {}
    runs = len(config.values(main)) if sheet.objective else config.n
    return [
        _number(config.rank, str(config.rank or "")),
        Cell(printable(config.name), kind="name"),
        *(_metric(config, name) for name in first),
        _number(runs, str(runs)),
        _number(config.failed, str(config.failed or "")),
        Cell(f"{number(interval[0])} to {number(interval[1])}" if interval else "", kind="number"),
        _number(row.get("delta"), _signed(row.get("delta"))),
        _number(row.get("p_holm"), "" if row.get("p_holm") is None else f"{row['p_holm']:.2g}"),
        *(_metric(config, name) for name in others),
        _number(config.seconds(), spoken(config.seconds())),
    ]


def _metric(config: Config, name: str) -> Cell:
    return _number(config.of(name, "mean"), config.spread(name))


def _number(key: float | None, text: str) -> Cell:
    return Cell(text, key, "number")


def _signed(delta: float | None) -> str:
    if delta is None:
        return ""
    return ("+" if delta >= 0 else "\N{MINUS SIGN}") + number(abs(delta))


def _slim(head: Sequence[str], rows: Sequence[Sequence[Cell]], left_out: int) -> Table:
    """The table without the columns that are empty in every row."""
    kept = [place for place in range(len(head)) if any(row[place].text for row in rows)]
    picked = tuple(tuple(row[place] for place in kept) for row in rows)
    return Table(tuple(head[place] for place in kept), picked, left_out)


def job_table(sheet: Sheet) -> Table:
    """One row per job, failed ones too."""
    metric = sheet.objective.name if sheet.objective else ""
    head = (
        "job",
        "config",
        "seed",
        "state",
        metric or "metric",
        "time",
        "GPU memory",
        "commit",
        "PR",
        "command",
    )
    rows = [_job_row(job, metric) for job in sheet.jobs[:MAX_JOBS]]
    return _slim(head, rows, len(sheet.jobs) - len(rows))


def _job_row(job: Job, metric: str) -> list[Cell]:
    value, seconds, memory = (
        job["metrics"].get(metric),
        job["duration_seconds"],
        job["peak_vram_mb"],
    )
    state = str(job["state"] or "unknown")
    return [
        _number(job["id"], str(job["id"])),
        Cell(printable(job["config_id"] or ""), kind="name"),
        _number(job["seed"], "" if job["seed"] is None else str(job["seed"])),
        Cell(word(state), kind="ok" if state == "succeeded" else "bad"),
        _number(value, number(value)),
        _number(seconds, clock(seconds)),
        _number(memory, "" if memory is None else f"{memory:.0f} MiB"),
        Cell(str(job["git_commit"] or "")[:7], kind="code"),
        _pull_request(job),
        Cell(_cut(job["cmd"]), kind="code command"),
    ]


def _pull_request(job: Job) -> Cell:
    url = str(job["pr_url"] or "")
    safe = url if url.startswith(("https://", "http://")) else None
    return Cell(f"#{job['pr_number']}" if job["pr_number"] else _cut(url), link=safe)


def _cut(text: object) -> str:
    line = printable(text)
    return line if len(line) <= _MAX_TEXT else line[: _MAX_TEXT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def failures(sheet: Sheet) -> tuple[list[Failure], int]:
    """The causes, the commonest first, and how many more there are."""
    groups = group_failures(sheet.jobs)
    return [_failure(sheet, group) for group in groups[:MAX_CAUSES]], max(
        0, len(groups) - MAX_CAUSES
    )


def _failure(sheet: Sheet, group: FailureGroup) -> Failure:
    many, first = len(group.jobs), group.jobs[0]
    ids = [str(job["id"]) for job in group.jobs]
    named = [f"{job['id']} ({_who(job)})" for job in group.jobs[:10]]
    more = f" and {many - 10} more" if many > 10 else ""
    oom = told_cause(group.reason) is not None
    again = "--oom" if oom else f"--jobs {','.join(ids)}" if many <= 30 else "--failed"
    return Failure(
        title=f"{'1 job' if many == 1 else f'{many} jobs'}: {_cut(group.reason)}",
        line=_cut(group.line),
        jobs=f"job{'s' if many > 1 else ''} {', '.join(named)}{more}",
        log_name=f"job_{first['id']}.log",
        log=_log_end(str(first["log_tail"] or "")),
        command=f"sweeptree resume {shlex.quote(sheet.name)} {again}",
    )


def _who(job: Job) -> str:
    seed = "" if job["seed"] is None else f", seed {job['seed']}"
    return printable(job["config_id"] or "no config") + seed


def _log_end(tail: str) -> str:
    lines = tail.replace("\r", "\n").rstrip().split("\n")[-_LOG_LINES:]
    return "\n".join(_cut(line) for line in lines)


def provenance(sheet: Sheet) -> list[tuple[str, str]]:
    """Where the numbers come from: (what, in words); what is not known is left out."""
    facts = sheet.facts
    base, versions = _dict(facts.get("base")), _dict(facts.get("versions"))
    spec = _dict(facts.get("spec"))
    subject = f' "{_cut(base["subject"])}"' if base.get("subject") else ""
    known = [
        ("commit", f"{base['commit']}{subject}" if base.get("commit") else ""),
        ("branch", base.get("branch")),
        ("metric", f"{sheet.objective.name}, {sheet.objective.goal}" if sheet.objective else ""),
        ("spec", facts.get("spec_hash")),
        ("started", _moment(facts.get("started_at"))),
        ("ended", _moment(facts.get("ended_at"))),
        ("took", _durations(sheet)),
        ("at a time", facts.get("parallel")),
        ("worktrees", "one per job" if spec.get("use_worktree") else ""),
        ("GPUs", ", ".join(_cut(d.get("name")) for d in _dicts(facts.get("devices")))),
        ("machine", facts.get("host")),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("Python", facts.get("python_version")),
        ("command", sweep_command(facts)),
    ]
    return [(what, _cut(text)) for what, text in known if text]


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _moment(text: object) -> str:
    moment = parse_time(text)
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname()}"


def _durations(sheet: Sheet) -> str:
    wall, jobs, gpu = (sheet.summary.get(f"{what}_seconds") for what in ("wall", "job", "gpu"))
    told = [spoken(wall) if wall else "", f"{spoken(jobs)} of jobs" if jobs else ""]
    return ", ".join(text for text in [*told, f"{spoken(gpu)} of GPUs" if gpu else ""] if text)


def sweep_command(facts: Mapping[str, Any]) -> str:
    """The command line that ran the sweep; nothing when a deployment did, or when it is not known."""
    argv = facts.get("argv")
    words = [str(word) for word in argv] if isinstance(argv, list) else []
    return shlex.join(["sweeptree", *words[1:]]) if words[1:2] and words[1] in _STARTERS else ""


def reproduce_line(sheet: Sheet) -> tuple[str, str] | None:
    """Which run of the best config, and the line that runs it anew; None when no record has one."""
    for config in sheet.configs:
        job = next(
            (job for job in config.jobs if job["state"] == "succeeded" and job["reproduce"]), None
        )
        if job is not None:
            return _who(job), _verbatim(job["reproduce"])
    return None


def _verbatim(text: object) -> str:
    """Text to copy: its lines stay lines."""
    return "\n".join(printable(line) for line in str(text).split("\n"))
