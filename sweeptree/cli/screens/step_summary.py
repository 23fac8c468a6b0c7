"""What GitHub Actions shows of a sweep: a page for the step, and an annotation per failure's cause.

Hides where they go: the file that the runner names in $GITHUB_STEP_SUMMARY, and lines `::error` on
stderr, which the runner reads.
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from sweeptree.analysis.document import Document, Group
from sweeptree.analysis.failures import FailureGroup, group_failures, retry_command
from sweeptree.analysis.wording import counted, number, printable, word
from sweeptree.cli.screens.boards import ranked_by

_VARIABLE = "GITHUB_STEP_SUMMARY"
_SHOWN_CONFIGS = 30
_SHOWN_CAUSES = 10


def write_step_summary(
    document: Document, exit_code: int, environ: Mapping[str, str] | None = None
) -> None:
    """Append the summary of a sweep where a runner asks for one; a file that is not there costs
    nothing."""
    place = (os.environ if environ is None else environ).get(_VARIABLE)
    if not place:
        return
    text = step_summary(document, exit_code)
    with contextlib.suppress(OSError), Path(place).open("a", encoding="utf-8") as file:
        file.write(text)


def annotate(
    document: Document, stream: TextIO | None = None, environ: Mapping[str, str] | None = None
) -> None:
    """Say each cause of failure as an annotation, where a runner of GitHub Actions reads along."""
    if (os.environ if environ is None else environ).get("GITHUB_ACTIONS") != "true":
        return
    text = "".join(f"{line}\n" for line in error_lines(document))
    (stream or sys.stderr).write(text)


def error_lines(document: Document) -> list[str]:
    """One `::error` per cause of failure, at most ten: more a step does not show."""
    name = document.exp_name
    return [_annotation(name, group) for group in group_failures(document.jobs)[:_SHOWN_CAUSES]]


def _annotation(name: str, group: FailureGroup) -> str:
    many = counted(len(group.jobs), "job")
    title = _escaped(f"{name}: {many} failed: {group.reason}")
    title = title.replace(":", "%3A").replace(",", "%2C")
    text = _escaped(f"{group.line}\n{retry_command(name, group.jobs)}")
    return f"::error title={title}::{text}"


def _escaped(text: str) -> str:
    """Text in a workflow command, which a line end would end."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def step_summary(document: Document, exit_code: int) -> str:
    """The summary as Markdown."""
    counts = Counter(word(job.state or "planned") for job in document.jobs)
    states = ", ".join(f"{many} {state}" for state, many in counts.items())
    lines = [f"## {_safe(document.exp_name)}", "", f"{states}; exit code {exit_code}", ""]
    lines += _leaderboard(document)
    for group in group_failures(document.jobs)[:_SHOWN_CAUSES]:
        lines += _cause(document.exp_name, group)
    lines += [f"- {_safe(text)}" for text in document.warnings]
    return "\n".join(lines).rstrip() + "\n\n"


def _leaderboard(document: Document) -> Iterator[str]:
    goal = ranked_by(document)
    if goal is None or not document.ranked():
        return
    yield f"| rank | config | {_safe(goal.name)} | n | 95 % interval |"
    yield "|---:|---|---|---:|---|"
    for group in document.ranked()[:_SHOWN_CONFIGS]:
        yield _row(group, goal.name)
    yield ""


def _row(group: Group, metric: str) -> str:
    found = group.metrics.get(metric)
    ends = found.ci95 if found else None
    interval = " to ".join(map(number, ends or ()))
    cells = (group.rank, _safe(group.config_id), group.spread(metric), group.n, interval)
    return "| " + " | ".join(map(str, cells)) + " |"


def _cause(name: str, group: FailureGroup) -> Iterator[str]:
    yield f"**{counted(len(group.jobs), 'job')} failed: {_safe(group.reason)}**"
    yield ""
    yield f"    {group.line}"
    yield f"    {retry_command(name, group.jobs)}"
    yield ""


def _safe(text: object) -> str:
    """Text of unknown origin in a cell: no tag, no column, no link."""
    line = printable(text).replace("&", "&amp;").replace("<", "&lt;")
    for sign in "\\|[]*_`":
        line = line.replace(sign, f"\\{sign}")
    return line
