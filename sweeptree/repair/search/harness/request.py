"""What the harness is asked and what it answers, as JSON between two Pythons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .source import Candidate, Edit


@dataclass(frozen=True, slots=True)
class Request:
    """One search. Seconds; `root` is the copy in which tests run, `origin` what it is a copy of.

    `known`: candidates to judge instead of searching.
    """

    root: Path
    origin: Path
    failing: tuple[str, ...]
    passing: tuple[str, ...]
    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int
    most_hits: int
    answers: Path
    scratch: Path
    known: tuple[Candidate, ...] = ()


def read_request(path: Path) -> Request:
    """The request in a file that `sweeptree` has written."""
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name in ("root", "origin", "answers", "scratch"):
        values[name] = Path(values[name])
    for name in ("failing", "passing"):
        values[name] = tuple(values[name])
    values["known"] = tuple(candidate_of(each) for each in values["known"])
    return Request(**values)


def candidate_of(values: dict[str, Any]) -> Candidate:
    """A candidate from its JSON."""
    edits = tuple(Edit(*each) for each in values["edits"])
    return Candidate(values["path"], edits, values["template"], values["line"], values["score"])


def as_json(candidate: Candidate) -> dict[str, Any]:
    """A candidate as JSON has it."""
    return {
        "path": candidate.path,
        "edits": [[each.start, each.end, each.text] for each in candidate.edits],
        "template": candidate.template,
        "line": candidate.line,
        "score": candidate.score,
    }


class Answers:
    """The file of answers: one JSON object a line, readable while it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def say(self, event: str, **values: object) -> None:
        """Add an answer."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"event": event, **values}) + "\n")
