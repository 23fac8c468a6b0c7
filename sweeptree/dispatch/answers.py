"""What the tools answer: a sentence, what to do next, and fields; the reports of agents inside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sweeptree.dispatch.calls import CallState


class _Part(BaseModel):
    """A part of an answer. Its validator is built when it is first used."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Answer(_Part):
    """What every tool answers."""

    message: str = Field(description="What is the case, in short.")
    next: tuple[str, ...] = Field(default=(), description="What to do next, the best first.")

    def page(self) -> str:
        """The answer as text, for a client that shows no fields."""
        steps = [f"Next: {step}" for step in self.next]
        return "\n".join([self.message, *self.body(), *steps])

    def body(self) -> list[str]:
        """What stands between the sentence and the next steps."""
        return []


class PlannedJob(_Part):
    """A job as it would run."""

    id: int
    cmd: str
    config_id: str = ""
    seed: int | None = None


class Plan(Answer):
    """What a sweep would do. Nothing has been changed."""

    plan_id: str = Field(description="For `start`: exactly this plan is what runs.")
    exp_name: str = Field(description="Name of the sweep.")
    would_start: bool = Field(description="false: `problems` say what stands in the way.")
    problems: tuple[str, ...] = Field(default=(), description="What forbids a start.")
    warnings: tuple[str, ...] = Field(default=(), description="What is worth knowing before.")
    publishes: str = Field(
        default="",
        description="What it would push and open on a forge; empty: nothing leaves this machine.",
    )
    commit: str = Field(description="The commit that all jobs run at.")
    parallel: int = Field(description="Jobs at once.")
    gpus_per_job: int = 0
    results: Path = Field(description="Where the results would stand.")
    n_jobs: int
    jobs: tuple[PlannedJob, ...] = Field(description="The first jobs.")

    def body(self) -> list[str]:
        """The table of jobs, what forbids a start, what is notable, what would leave."""
        more = self.n_jobs - len(self.jobs)
        return [
            *(f"  {job.id}  {job.cmd}" for job in self.jobs),
            *([f"  and {more} more jobs"] if more else []),
            *(f"Problem: {text}" for text in self.problems),
            *(f"Warning: {text}" for text in self.warnings),
            *([f"It would publish: {self.publishes}"] if self.publishes else []),
        ]


class Started(Answer):
    """A sweep that was started. It goes on when the chat ends."""

    id: str = Field(description="For `status`, `logs` and `stop`.")
    exp_name: str
    results: Path


class JobNow(_Part):
    """A job as it is now."""

    id: int
    state: str = Field(description="waiting, running, succeeded, failed, timed_out, ...")
    exit_code: int | None = None
    config_id: str = ""
    seconds: float | None = None
    note: str = ""
    host: str = Field(default="", description="Where it runs or ran, of a sweep over hosts.")
    metrics: dict[str, float] = Field(default_factory=dict)


class SweepNow(_Part):
    """A sweep as it is now, by its records."""

    exp_name: str
    state: str = Field(
        description="running, detached (its jobs run, nobody drives it), stopped or finished."
    )
    n_jobs: int
    states: dict[str, int] = Field(description="Jobs per state.")
    exit_code: int | None = Field(default=None, description="Of the whole sweep, once it ended.")
    exit_codes: tuple[int | None, ...] = Field(
        default=(), description="Of the jobs, in their order; null: it has none yet."
    )
    metric: str | None = None
    best: float | None = None
    results: Path
    jobs: tuple[JobNow, ...] = Field(default=(), description="Those that run, wait or went wrong.")


class CallNow(_Part):
    """A call of a tool that runs in the background, or has ended."""

    id: str
    tool: str
    state: CallState
    exit_code: int | None = None
    seconds: float = 0.0
    said: str = Field(default="", description="The last line that it said about itself.")
    command: str = Field(description="The same on a command line.")
    errors: str = Field(default="", description="What it said that went wrong.")


class Status(Answer):
    """Sweeps and calls as they are now."""

    sweeps: tuple[SweepNow, ...] = ()
    calls: tuple[CallNow, ...] = ()
    report: dict[str, Any] | None = Field(
        default=None, description="Of a call that has ended: the report of its agent."
    )

    def body(self) -> list[str]:
        """A line for each sweep, job and call."""
        lines = [line for sweep in self.sweeps for line in sweep_lines(sweep)]
        lines += [f"{call.id}  {call.tool}  {call.state}" for call in self.calls]
        return [*lines, *report_lines(self.report)]


class Log(Answer):
    """The end of what jobs or a call printed."""

    text: str = Field(description="The last lines, byte for byte but for what is no text.")
    path: Path | None = Field(default=None, description="The whole log.")

    def body(self) -> list[str]:
        """The text."""
        return [self.text]


class Stopped(Answer):
    """What was stopped."""

    id: str
    is_over: bool = Field(description="Whether none of its processes is left.")
    seconds: float = Field(description="How long that took.")


class Ranked(_Part):
    """A config of the leaderboard."""

    rank: int | None
    config_id: str
    n: int
    n_failed: int
    metrics: dict[str, str] = Field(description="Mean and spread over the seeds.")


class Results(Answer):
    """The aggregates of a sweep, read back."""

    exp_name: str
    n_jobs: int
    exit_code: int | None = Field(default=None, description="Of the whole sweep.")
    exit_codes: tuple[int | None, ...] = Field(description="Of the jobs, in their order.")
    states: dict[str, int] = Field(description="Jobs per state.")
    leaderboard: tuple[Ranked, ...] = Field(description="The first configs, the best first.")
    pull_requests: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = Field(description="aggregated.json, aggregated.csv, report.html, ...")

    def body(self) -> list[str]:
        """Exit codes, the leaderboard, what is doubtful, and the files."""
        return [
            f"exit codes: {', '.join(map(_code, self.exit_codes))}",
            *(_ranked_line(config) for config in self.leaderboard),
            *(f"Warning: {text}" for text in self.warnings),
            *(str(path) for path in self.files),
        ]


class Done(Answer):
    """A call of an agent: its report, or a handle where it is still at work."""

    id: str = Field(description="For `status`, `logs` and `stop`.")
    state: CallState
    exit_code: int | None = None
    seconds: float = 0.0
    report: dict[str, Any] | None = Field(
        default=None, description="What the agent reports; null: it is still at work."
    )

    def body(self) -> list[str]:
        """The report's page."""
        return report_lines(self.report)


_PAGE_LINES = 200
_FACT_LENGTH = 600
_TEXTS = ("markdown", "diff", "log_tail")


def report_lines(report: dict[str, Any] | None) -> list[str]:
    """A report as text, up to a length that a chat can take: its page or else its fields, then the
    diff and the end of the log."""
    if report is None:
        return []
    page, diff, log = (str(report.get(name) or "").splitlines() for name in _TEXTS)
    lines = [
        *(page or _facts(report)),
        *(["", "diff:", *diff] if diff and not set(diff) <= set(page) else []),
        *(["", "log:", *log] if log and not page else []),
    ]
    more = len(lines) - _PAGE_LINES
    rest = [f"... and {more} more lines"] if more > 0 else []
    return [*lines[:_PAGE_LINES], *rest]


def _facts(report: dict[str, Any]) -> list[str]:
    """The fields of a report that say something: a line each, and one for each entry of a list."""
    lines = []
    for name, value in _said(report).items():
        entries = value if isinstance(value, list) else [value]
        lines += [f"- {name}: {_fact(entry)}" for entry in entries if name not in _TEXTS]
    return lines


def _said(report: dict[str, Any]) -> dict[str, Any]:
    """What is not empty in it."""
    return {name: value for name, value in report.items() if value not in (None, "", [], {})}


def _fact(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name} {text}" for name, text in _said(value).items())
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _FACT_LENGTH else f"{text[:_FACT_LENGTH]} ..."


def sweep_lines(sweep: SweepNow) -> list[str]:
    """A sweep in a line, and its jobs."""
    counts = ", ".join(f"{many} {state}" for state, many in sorted(sweep.states.items()))
    head = f"{sweep.exp_name}: {sweep.state}, {sweep.n_jobs} jobs ({counts})"
    return [head, *(_job_line(job) for job in sweep.jobs)]


def _job_line(job: JobNow) -> str:
    code = "" if job.exit_code is None else f"exit code {job.exit_code}"
    return "  ".join(filter(None, [f"  job {job.id}", job.state, code, job.config_id, job.note]))


def _ranked_line(config: Ranked) -> str:
    values = "  ".join(f"{name} {text}" for name, text in config.metrics.items())
    rank = "-" if config.rank is None else config.rank
    return f"  {rank}  {config.config_id}  n={config.n}  {values}"


def _code(code: int | None) -> str:
    return "none" if code is None else str(code)
