"""What a merge is asked to be, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from sweeptree.model import PullRequest
from sweeptree.model.fields import Border
from sweeptree.publish.checks import TestRun
from sweeptree.publish.delivery.body import code, plain
from sweeptree.repository.differences import FileChange
from sweeptree.repository.merges import Style


class MergeState(StrEnum):
    """What a decision comes to.

    `ready`: tested and green, and nobody has said yes; `planned`: nothing stands in the way of
    testing it.
    """

    MERGED = "merged"
    READY = "ready"
    PLANNED = "planned"
    REFUSED = "refused"
    UP_TO_DATE = "up-to-date"


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """How to merge.

    `test_command` None: the repository's own; `approvals`: how many the head needs at least.

    `confirm` is asked before anything lands; a dry run tests nothing and lands nothing.
    `diff_lines`: up to so many changed lines the decision holds the diff.
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
    diff_lines: int = 0
    confirm: Callable[[MergeDecision], bool] = lambda _: True


class MergeSpec(Border):
    """What to merge, and how: the form of the Merge Assistant."""

    pull_request: int | None = Field(
        default=None, ge=1, description="Number of the pull request; or give worktree."
    )
    worktree: Path | None = Field(
        default=None,
        description="A worktree whose branch is merged into a local base, without any forge.",
    )
    repo: Path = Field(
        default=Path(),
        description="For a pull request: a folder inside its clone; default: where the run starts.",
    )
    base: str | None = Field(
        default=None,
        min_length=1,
        description="For a worktree: the branch to merge into; default: the remote's default "
        "branch, else main.",
    )
    method: Style = Field(
        default="merge",
        description="A merge commit, one squashed commit, the commits rebased, or fast-forward "
        "only (ff).",
    )
    test_command: str | None = Field(
        default=None,
        min_length=1,
        description="How the result is tested; default: test_command under [tool.sweeptree] in "
        "pyproject.toml, make test, pytest.",
    )
    timeout: float = Field(
        default=3600.0,
        gt=0,
        description="Seconds after which the tests are stopped and count as red.",
    )
    approvals: int = Field(
        default=1,
        ge=0,
        le=100,
        description="Approvals that a pull request needs of its newest commit.",
    )
    allow_forks: bool = Field(default=False, description="Test and merge code from a fork too.")
    dry_run: bool = Field(
        default=True,
        description="Only say what stands in the way: test nothing, land nothing, tell nobody.",
    )

    @property
    def options(self) -> MergeOptions:
        """The same as options of a merge."""
        return MergeOptions(
            method=self.method,
            test_command=self.test_command,
            timeout=self.timeout,
            approvals=self.approvals,
            base=self.base,
            allow_forks=self.allow_forks,
            dry_run=self.dry_run,
        )


_TITLES = {MergeState.READY: "ready to merge", MergeState.UP_TO_DATE: "merged already"}
_SHOWN_CONFLICTS = 50


@dataclass(frozen=True, slots=True)
class MergeDecision:
    """What was found and done.

    `reason`: the one thing that stands in the way; `others`: what else does.

    `commit`: what the base was or would be moved to; `run`: the tests of that very commit;
    `warnings`: what the pull request could not be told.
    """

    state: MergeState
    subject: str
    base: str
    base_commit: str = ""
    head: str = ""
    commit: str | None = None
    reason: str = ""
    others: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    diff: str = ""
    commits: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    run: TestRun | None = None
    pull: PullRequest | None = None
    warnings: tuple[str, ...] = ()

    @property
    def markdown(self) -> str:
        """The decision as a report. Names and subjects of others format nothing and ping nobody."""
        title = _TITLES.get(self.state, self.state.value)
        lines = [f"### Merge Assistant: {title}", ""]
        if self.reason:
            lines += [f"**{plain(self.reason)}**", ""]
        return "\n".join([*lines, *self._markdown_items()])

    def _markdown_items(self) -> Iterator[str]:
        for other in self.others:
            yield f"- {plain(other)}"
        at = f" at `{self.base_commit[:12]}`" if self.base_commit else ""
        yield f"- base {code(self.base)}{at}, head `{self.head[:12]}`"
        if self.commit:
            yield f"- result `{self.commit[:12]}`"
        for line in self.commits:
            yield f"- brings `{line[:12]}` {plain(line[12:])}"
        if self.run is not None:
            yield f"- tests of the result: {self.run.summary}"
        for path in self.conflicts[:_SHOWN_CONFLICTS]:
            yield f"- conflict in {code(path)}"
