"""What the pytest plugin wrote, put together: lines of events to one case per test.

Hides: the phases of a test, several pytest processes in one command, and lines that are not the
plugin's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.publish.checks.results import CaseState, Frame, TestCase

_MOST_BYTES = 512 * 1024 * 1024
# From the mildest to the worst: of two phases, or two runs of one test, the worse one counts.
_ORDER = (
    CaseState.PASSED,
    CaseState.XPASSED,
    CaseState.XFAILED,
    CaseState.SKIPPED,
    CaseState.FAILED,
    CaseState.ERROR,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What all pytest processes of one command wrote.

    `is_complete`: each of them came to its end, and nobody else wrote to their files;
    `exit_codes`: as they told them; `changed`: parts of pytest that were replaced;
    `early_files`: files that were loaded before any test's, and plugins.
    """

    cases: tuple[TestCase, ...]
    collected: int
    deselected: int
    exit_codes: tuple[int, ...]
    is_complete: bool
    changed: tuple[str, ...]
    early_files: tuple[str, ...] = ()


def read_events(folder: Path, nonce: str) -> Recorded | None:
    """What the plugin wrote into its folder; None when no pytest ran with it."""
    files = sorted(folder.glob("events-*.jsonl"), key=lambda file: file.stat().st_mtime_ns)
    runs = [tuple(_events(file, nonce)) for file in files]
    runs = [events for events in runs if events]
    return _together(runs) if runs else None


def _events(file: Path, nonce: str) -> Iterator[Mapping[str, Any]]:
    """The events of one process. A line that is not its own ends them."""
    if file.stat().st_size > _MOST_BYTES:
        return
    with file.open("rb") as lines:
        for number, line in enumerate(lines):
            event = _parsed(line)
            if event.get("nonce") != nonce or event.get("number") != number:
                return
            yield event


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:  # half a line: the run was killed
        return {}
    return event if isinstance(event, dict) else {}


def _together(runs: list[tuple[Mapping[str, Any], ...]]) -> Recorded:
    events = [event for run in runs for event in run]
    ends = [event for event in events if event["event"] == "end"]
    return Recorded(
        cases=tuple(_cases(events)),
        collected=sum(int(end["collected"]) for end in ends),
        deselected=sum(int(end["deselected"]) for end in ends),
        exit_codes=tuple(int(end["exit_code"]) for end in ends),
        is_complete=all(_came_to_its_end(run) for run in runs),
        changed=tuple(sorted({name for end in ends for name in end["changed"]})),
        early_files=tuple(sorted({path for end in ends for path in end.get("early") or ()})),
    )


def _came_to_its_end(run: tuple[Mapping[str, Any], ...]) -> bool:
    """Whether the last event is the end, and the only one."""
    ends = [number for number, event in enumerate(run) if event["event"] == "end"]
    return ends == [len(run) - 1]


def _cases(events: Iterable[Mapping[str, Any]]) -> Iterator[TestCase]:
    by_id: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        if event["event"] in ("start", "phase", "collect"):
            by_id.setdefault(str(event["id"]), []).append(event)
    for node_id, own in by_id.items():
        yield _case(node_id, own)


def _case(node_id: str, events: list[Mapping[str, Any]]) -> TestCase:
    told = [event for event in events if event["event"] != "start"]
    told = [event for event in told if event["outcome"] != "rerun"]
    if _is_cut_short(told):
        return TestCase(node_id, CaseState.ERROR, message="the run ended in this test")
    states = [_state(event) for event in told]
    state = max(states, key=_ORDER.index)
    telling = told[states.index(state)]
    return TestCase(
        node_id=node_id,
        state=state,
        message=str(telling.get("message") or telling.get("reason") or ""),
        trace=str(telling.get("trace") or ""),
        output=str(telling.get("output") or ""),
        seconds=sum(float(event.get("seconds") or 0.0) for event in told),
        frame=_frame(telling.get("frame")),
        lines=_lines(told),
    )


def _is_cut_short(told: list[Mapping[str, Any]]) -> bool:
    """Whether a test was begun or set up, and then nothing."""
    phases = [(event.get("when"), event["outcome"]) for event in told]
    return not phases or phases == [("setup", "passed")]


def _state(event: Mapping[str, Any]) -> CaseState:
    outcome, expects_failure = event["outcome"], bool(event.get("expects_failure"))
    if outcome == "skipped":
        return CaseState.XFAILED if expects_failure else CaseState.SKIPPED
    if outcome == "passed":
        return CaseState.XPASSED if expects_failure else CaseState.PASSED
    return CaseState.FAILED if event.get("when") == "call" else CaseState.ERROR


def _frame(told: Any) -> Frame | None:
    if not isinstance(told, dict):
        return None
    return Frame(str(told["path"]), int(told["line"]), str(told["text"]))


def _lines(told: list[Mapping[str, Any]]) -> Mapping[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for event in told:
        for path, numbers in (event.get("lines") or {}).items():
            found[path] = found.get(path, frozenset()) | frozenset(numbers)
    return found
