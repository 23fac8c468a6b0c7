"""What a search is given and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Repair:
    """A patch with which the failing tests pass, and so do those that passed before.

    `patch` is for `git apply` at the worktree's top; `path` is relative to it, `line` that of the
    changed statement; `tests_passed` counts the tests that it was judged with. `cpu_seconds`: what
    the search had used when it was found.
    """

    patch: bytes
    template: str
    path: str
    line: int
    tests_passed: int
    score: float = 0.0
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """Bounds: seconds of CPU, seconds by the clock, memory beyond the tests' own, repairs.

    `to_begin_seconds` is what importing and collecting may take beyond the clock's.
    """

    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int = 2048 * MIB
    most_repairs: int = 12
    to_begin_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class SearchTask:
    """Where to search: the worktree's top, tests by pytest's node ids, the user's interpreter."""

    top: Path
    failing: tuple[str, ...]
    passing: tuple[str, ...]
    python: str
