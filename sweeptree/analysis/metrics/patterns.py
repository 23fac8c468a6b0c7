"""What a pattern of the user's finds in a log: named groups, else the first group as the wanted
metric.

Hides: that a pattern such as (a+)+$ may take years on one line, so that it runs in a process of its
own, which gives up such a line and ends after two seconds of CPU time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.analysis.metrics.log_pairs import lines_of, point_of_words, step_in
from sweeptree.analysis.metrics.pattern_program import SECONDS
from sweeptree.analysis.metrics.points import Remark, Stream

_PROGRAM = Path(__file__).with_name("pattern_program.py")
_GIVEN_UP = "--metric_regex takes too long on some lines, which were left out"
_STOPPED = f"--metric_regex was stopped after {SECONDS} s: only the first lines were read"


@dataclass(frozen=True, slots=True)
class _Match:
    """What was found in one line; `first`: of the first group; `named` None: it was given up."""

    line: int
    named: Mapping[str, str] | None = None
    first: str = ""


def pattern_points(data: bytes, pattern: str, name: str | None) -> Stream:
    """The points of the lines that match, each with the step named last before it."""
    lines = list(lines_of(data))
    matches, is_whole = _run(lines, pattern)
    if not is_whole:
        yield Remark(_STOPPED)
    if any(match.named is None for match in matches):
        yield Remark(_GIVEN_UP)
    yield from _points(lines, matches, name)


def _points(lines: Sequence[str], matches: Sequence[_Match], name: str | None) -> Stream:
    step: float | None = None
    read = 0
    for match in matches:
        for line in lines[read : match.line + 1]:
            step = step_in(line, step)
        read = match.line + 1
        if words := _words(match, name):
            yield point_of_words(step, words)


def _words(match: _Match, name: str | None) -> Mapping[str, str]:
    if match.named or match.named is None or name is None:
        return match.named or {}
    return {name: match.first}


def _run(lines: Sequence[str], pattern: str) -> tuple[list[_Match], bool]:
    """The matches, and whether the program came to its end."""
    request = json.dumps({"pattern": pattern, "lines": lines}).encode()
    argv = [sys.executable, "-I", "-S", str(_PROGRAM)]
    done = subprocess.run(argv, input=request, capture_output=True, check=False)
    return list(_matches(done.stdout)), done.returncode == 0


def _matches(output: bytes) -> Iterator[_Match]:
    for line in output.splitlines(keepends=True):
        if line.endswith(b"\n"):  # the last one of a program that was stopped may be torn
            yield _Match(*json.loads(line))
