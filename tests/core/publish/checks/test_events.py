"""The plugin's lines become cases."""

import json
from pathlib import Path

from sweeptree.publish.checks import CaseState
from sweeptree.publish.checks.events import read_events

END = {"event": "end", "exit_code": 0, "changed": [], "collected": 1, "deselected": 0}


def phase(outcome: str, when: str = "call", **more: object) -> dict[str, object]:
    return {"event": "phase", "id": "t.py::a", "when": when, "outcome": outcome, **more}


def states(folder: Path, *events: dict[str, object], nonce: str = "n") -> list[CaseState]:
    write(folder, *events)
    found = read_events(folder, nonce)
    return [case.state for case in found.cases] if found else []


def write(folder: Path, *events: dict[str, object], name: str = "events-1.jsonl") -> None:
    lines = [
        json.dumps({**event, "nonce": "n", "number": number}) for number, event in enumerate(events)
    ]
    (folder / name).write_text("\n".join(lines) + "\n")


def test_the_worst_phase_counts(tmp_path: Path) -> None:
    passed = phase("passed", "setup"), phase("passed")
    assert states(tmp_path, *passed, phase("passed", "teardown")) == [CaseState.PASSED]
    assert states(tmp_path, *passed, phase("failed", "teardown")) == [CaseState.ERROR]
    assert states(tmp_path, phase("failed", "setup")) == [CaseState.ERROR]
    assert states(tmp_path, phase("passed", "setup"), phase("failed")) == [CaseState.FAILED]


def test_expected_failures(tmp_path: Path) -> None:
    assert states(tmp_path, phase("skipped", expects_failure=True)) == [CaseState.XFAILED]
    assert states(tmp_path, phase("passed", expects_failure=True)) == [CaseState.XPASSED]


def test_a_test_that_was_only_set_up_did_not_pass(tmp_path: Path) -> None:
    assert states(tmp_path, phase("passed", "setup")) == [CaseState.ERROR]
    assert states(tmp_path, {"event": "start", "id": "t.py::a"}) == [CaseState.ERROR]


def test_a_rerun_does_not_count(tmp_path: Path) -> None:
    assert states(tmp_path, phase("rerun"), phase("passed")) == [CaseState.PASSED]


def test_the_same_test_in_two_processes_is_as_bad_as_the_worse(tmp_path: Path) -> None:
    write(tmp_path, phase("failed"), END)
    write(tmp_path, phase("passed"), END, name="events-2.jsonl")
    found = read_events(tmp_path, "n")
    assert found is not None
    assert [case.state for case in found.cases] == [CaseState.FAILED]
    assert (found.collected, found.exit_codes, found.is_complete) == (2, (0, 0), True)


def test_lines_of_others_and_half_lines_end_the_story(tmp_path: Path) -> None:
    write(tmp_path, phase("passed"), END)
    file = tmp_path / "events-1.jsonl"
    file.write_text(file.read_text().replace('"number": 1', '"number": 7'))
    found = read_events(tmp_path, "n")
    assert found is not None and not found.is_complete
    assert states(tmp_path, phase("passed"), END, nonce="another") == []


def test_nothing_may_come_after_the_end(tmp_path: Path) -> None:
    write(tmp_path, END, phase("passed"))
    found = read_events(tmp_path, "n")
    assert found is not None and not found.is_complete
