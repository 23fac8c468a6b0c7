"""What the stages of a job return, and what is known of a job on its way through them.

Values only. A stage takes what is known so far and returns a result; the driver (`life`) alone
makes the next `SoFar` of the two. Trouble is a result like the others, so it cannot be overlooked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from sweeptree.errors import SweeptreeError
from sweeptree.model import Branch, Cause, JobRecord, JobState, Outcome, Worktree
from sweeptree.publish import delivery

if TYPE_CHECKING:
    from sweeptree.sweep.running import JobContext

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A clean worktree stands ready."""

    worktree: Worktree


@dataclass(frozen=True, slots=True)
class Ran:
    """The command has ended, however it did; `left_work`: files of the job's stand in the worktree;
    `keep`: some of them nowhere else, or the worktree was asked for."""

    outcome: Outcome
    worktree: Worktree | None
    left_work: bool
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """An earlier attempt's keeper died without an outcome: the attempt is given up."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Fixed:
    """The auto-fix has ended; `outcome` None: there is no such script.

    `script` None: our own tidiers were run, which `notes` name; then `outcome` None says that there
    was nothing to do.
    """

    script: Path | None
    outcome: Outcome | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the job changed stands on `branch` (None: it changed nothing), and what the forge was
    told."""

    branch: Branch | None
    published: delivery.Delivered | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Labels and reviewers: what was done, or why there was nothing to do."""

    summary: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A step that raised: git, the disk, the forge, a mistake of ours. Never a failing command."""

    step: str
    error: Exception

    @property
    def reason(self) -> str:
        """Why, in one sentence."""
        if isinstance(self.error, SweeptreeError):
            return self.error.message
        return f"{type(self.error).__name__}: {self.error}"


@dataclass(frozen=True, slots=True)
class SoFar:
    """What is known of a job between two stages; each stage's result makes a new one.

    `tries` counts those of this run, `forgiven` the causes of tries that do not count; `keep`: its
    worktree holds work that is owed.
    """

    attempt: int = 0
    tries: int = 0
    forgiven: tuple[Cause, ...] = ()
    gpu_memory: int = 0
    worktree: Worktree | None = None
    outcome: Outcome | None = None
    left_work: bool = False
    branch: Branch | None = None
    published: delivery.Delivered | None = None
    keep: bool = False

    @property
    def has_succeeded(self) -> bool:
        """Whether the command has ended well."""
        return self.outcome is not None and self.outcome.state is JobState.SUCCEEDED

    def on_attempt(self, number: int) -> SoFar:
        """Before a new try of the job."""
        return replace(
            self,
            attempt=number,
            tries=self.tries + 1,
            worktree=None,
            left_work=False,
            keep=False,
        )

    def with_worktree(self, found: Worktree | None) -> SoFar:
        """With the worktree that the next stages work in."""
        return replace(self, worktree=found)

    def after_command(self, ran: Ran) -> SoFar:
        """Once the command has ended."""
        return replace(
            self,
            outcome=ran.outcome,
            worktree=ran.worktree,
            left_work=ran.left_work,
            keep=ran.keep,
        )

    def after_delivery(self, done: Delivered) -> SoFar:
        """Once the changes stand on a branch."""
        return replace(self, branch=done.branch, published=done.published)

    def owing_delivery(self) -> SoFar:
        """After a delivery that failed: the worktree stays for the next one."""
        return replace(self, keep=True)


@dataclass(frozen=True, slots=True)
class Halt:
    """The job ends here, in trouble."""

    so_far: SoFar
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended; `step_failed`: a step after its command, which its record can only note."""

    record: JobRecord
    step_failed: bool = False


@dataclass(frozen=True, slots=True)
class Stage(Generic[R]):
    """One stage of a job's life. `name`: in the engine; `step`: in records and messages; `opens`:
    it follows no other stage; `title`: what people read in the engine's graph, if not the step."""

    name: str
    step: str
    act: Callable[[JobContext, SoFar], R | Trouble]
    opens: bool = False
    title: str = ""


class RunStage(Protocol):
    """Runs a stage exactly once and returns its result, or its trouble; never raises."""

    def __call__(self, stage: Stage[R], job: JobContext, so_far: SoFar, /) -> R | Trouble:
        """See the class."""
        ...


def run_directly(stage: Stage[R], job: JobContext, so_far: SoFar, /) -> R | Trouble:
    """Run a stage without an engine."""
    return caught(stage.step, lambda: stage.act(job, so_far))


def caught(step: str, action: Callable[[], T]) -> T | Trouble:
    """Do this; what it raises comes back as Trouble: it ends the job, not the sweep."""
    try:
        return action()
    except Exception as error:  # the edge of a job
        return Trouble(step, error)
