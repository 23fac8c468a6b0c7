"""The runs of one judgement: fresh worktrees, a budget, and files that a run may not touch."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree import worktrees
from sweeptree.publish.checks.capture import EVERYTHING, Selection, capture_at
from sweeptree.publish.checks.protected import Protection
from sweeptree.publish.checks.results import TestResults
from sweeptree.publish.checks.running import TestPlace, link_environments, temporary_place
from sweeptree.repository import Repository
from sweeptree.repository.commits import commit_tree

_SHORTEST = 1.0
_WATCHED = (".py", ".toml", ".ini", ".cfg", ".pth", ".coveragerc", "Makefile")


class Objection(Exception):  # noqa: N818 - says what is the case
    """The patch is refused, for these reasons; `after`: the results that show it."""

    def __init__(self, *reasons: str, after: TestResults | None = None) -> None:
        super().__init__(*reasons)
        self.reasons = reasons
        self.after = after


@dataclass(frozen=True, slots=True)
class Trial:
    """What all runs of one judgement have in common. `deadline`: on the monotonic clock."""

    repo: Repository
    base: str
    before: TestResults
    command: str
    protection: Protection
    deadline: float

    @property
    def top(self) -> Path:
        """Where git is asked."""
        return self.repo.start

    @property
    def seconds_left(self) -> float:
        """How long the runs still to come may take together."""
        return self.deadline - time.monotonic()

    def commit(self, tree: str) -> str:
        """A commit of a tree on top of the base; no ref names it."""
        return commit_tree(self.top, tree, (self.base,), "a patch to be tested")

    @contextlib.contextmanager
    def worktree(self, commit: str) -> Iterator[TestPlace]:
        """A fresh worktree that nobody has worked in."""
        with worktrees.temporary_worktree(self.repo, commit) as top:
            link_environments(self.repo, top, self.command)
            yield temporary_place(self.repo, top, commit)

    def run(self, place: TestPlace, selection: Selection = EVERYTHING) -> TestResults:
        """Run the tests, and object where protected files were written meanwhile.

        Raises Objection, also when there is no time left.
        """
        if self.seconds_left < _SHORTEST:
            raise Objection("the budget was spent before all was tested")
        after = capture_at(place, self.command, self.seconds_left, selection)
        written = [path for path in self._written(after) if path.endswith(_WATCHED)]
        if written:
            raise Objection(f"the run wrote to protected files: {', '.join(written)}", after=after)
        return after

    def _written(self, results: TestResults) -> list[str]:
        return [path for path in results.written if self.protection.covers(path)]

    def newly_written(self, after: TestResults) -> list[str]:
        """The data of tests that a run wrote to, and the run without the patch did not."""
        return [path for path in self._written(after) if path not in self.before.written]
