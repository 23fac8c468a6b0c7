"""What people are told of a run that has ended: a title, and some lines of plain text."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sweeptree.analysis.document import Document, read_document
from sweeptree.analysis.wording import printable, spoken
from sweeptree.errors import RecordError
from sweeptree.model.report import ReportState
from sweeptree.records import SweepPaths
from sweeptree.repository import leaks
from sweeptree.supervise.environment import is_secret

_MAX_TITLE = 200
_MAX_REASON = 500


class Occasion(StrEnum):
    """What people may want to be told of."""

    FINISHED = "finished"
    FAILED = "failed"
    NEEDS_YOU = "needs_you"


@dataclass(frozen=True, slots=True)
class _Ending:
    """How an end is told: its occasion, its words, and the command that comes next."""

    occasion: Occasion
    words: str
    next_command: str


_ENDINGS = {
    ReportState.DONE: _Ending(Occasion.FINISHED, "finished", "show {name}"),
    ReportState.NOTHING_TO_DO: _Ending(Occasion.FINISHED, "finished", "show {name}"),
    ReportState.FAILED: _Ending(Occasion.FAILED, "failed", "status {name}"),
    ReportState.TIMED_OUT: _Ending(Occasion.FAILED, "ran out of time", "resume {name}"),
    ReportState.REFUSED: _Ending(Occasion.NEEDS_YOU, "was refused", "doctor"),
    ReportState.CANCELLED: _Ending(
        Occasion.NEEDS_YOU, "was stopped before its end", "resume {name}"
    ),
    ReportState.DELIVERY_FAILED: _Ending(
        Occasion.NEEDS_YOU, "needs you: a fix, commit or pull request failed", "resume {name}"
    ),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. Nothing in it looks like a secret, or is one of this environment."""

    occasion: Occasion
    title: str
    text: str


def notice_of(
    name: str,
    state: ReportState,
    reason: str,
    *,
    results: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Notice:
    """What to tell of a run of this name; with `results`, also what they come to."""
    ending = _ENDINGS[state]
    reason = printable(reason)[:_MAX_REASON]
    title = f"{printable(name)} {ending.words}"
    lines = [reason] if reason else []
    if results is not None:
        lines += [*_facts(results), f"results: {results}"]
        lines += [f"next: sweeptree {ending.next_command.format(name=name)}"]
    secrets = _secrets(environ)
    text = leaks.redact("\n".join(lines), secrets)
    return Notice(ending.occasion, leaks.redact(title, secrets)[:_MAX_TITLE], text)


def _secrets(environ: Mapping[str, str]) -> list[str]:
    """The values of this environment that look like secrets."""
    return [value for name, value in environ.items() if is_secret(name, value)]


def _facts(results: Path) -> list[str]:
    """How the jobs ended, how long it took, and the config that leads: from the aggregates."""
    document: Document | None = None
    with contextlib.suppress(RecordError):
        document = read_document(SweepPaths(results))
    if document is None:
        return []
    states = sorted(document.summary.states.items())
    counts = ", ".join(f"{many} {state}" for state, many in states)
    return [f"jobs: {counts}", *_duration(document), *_leader(document)]


def _duration(document: Document) -> list[str]:
    seconds = document.summary.wall_seconds
    return [] if seconds is None else [f"took: {spoken(seconds)}"]


def _leader(document: Document) -> list[str]:
    ranked = document.ranked()
    if not ranked or document.objective is None:
        return []
    first, metric = ranked[0], document.objective.name
    score = f"{metric} {first.spread(metric)}"
    return [f"best of {len(ranked)}: {printable(first.config_id)}   {score} (n = {first.n})"]
