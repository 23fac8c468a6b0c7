"""What a merge is asked to be, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sweeptree.merging.trial import TestRun
from sweeptree.model import PullRequest
from sweeptree.worktrees import Style

State = Literal["merged", "ready", "planned", "refused", "up-to-date"]
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """How to merge. `test_command` None: the repository's own; `approvals`: how many the head needs at least.

    `confirm` is asked before anything lands; a dry run tests nothing and lands nothing.
    """

    method: Style = "merge"
    test_command: str | None = None
    timeout: float = 3600.0
    approvals: int = 1
    remote: str = "origin"
    base: str | None = None
    repo: str | None = None
    allow_forks: bool = False
    dry_run: bool = False
    confirm: Callable[[MergeDecision], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class MergeDecision:
    """What was found and done. `reason`: the one thing that stands in the way; `others`: what else does.

    `commit`: what the base was or would be moved to; `run`: the tests of that very commit.
    """

    state: State
    subject: str
    base: str
    base_commit: str = ""
    head: str = ""
    commit: str | None = None
    reason: str = ""
    others: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    run: TestRun | None = None
    pull: PullRequest | None = None

    @property
    def markdown(self) -> str:
        """The decision as a report."""
        said = {"ready": "ready to merge", "up-to-date": "merged already"}.get(self.state, self.state)
        lines = [f"### Merge Assistant: {said}", ""]
        lines += [f"**{self.reason}**", ""] if self.reason else []
        lines += [f"- {other}" for other in self.others]
        lines += [f"- base `{self.base}` at `{self.base_commit[:12]}`, head `{self.head[:12]}`"]
        lines += [f"- result `{self.commit[:12]}`"] if self.commit else []
        lines += [f"- brings `{line[:12]}`{line[12:]}" for line in self.commits]
        if self.run is not None:
            lines += [f"- tests of the result: {self.run.said}"]
        lines += [f"- conflict in `{path}`" for path in self.conflicts[:50]]
        return "\n".join(lines)
