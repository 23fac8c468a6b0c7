"""What the tools take. An option of a spec keeps its name, its type and its description."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from sweeptree.model.fields import Border, Command, ExpName

LONGEST_WAIT = 50.0  # clients give a call up after 60 s
_HANDLE = "What `start` or another tool gave, or the name of a sweep."


class Arguments(Border):
    """What a tool takes. Its validator is built when the tool is called, not before."""

    model_config = ConfigDict(defer_build=True)


class StartArguments(Arguments):
    """Which plan to start."""

    plan_id: str = Field(description="The id that `plan` gave.")
    publish: bool = Field(
        default=False,
        description="Needed for a plan that pushes branches or opens pull requests: "
        "true only when the person has agreed to that.",
    )


class StatusArguments(Arguments):
    """Of what, and how long to wait for its end."""

    id: str | None = Field(default=None, description=f"{_HANDLE} Default: all there is.")
    wait_s: float = Field(
        default=40.0,
        ge=0,
        le=LONGEST_WAIT,
        description="Seconds to wait for the end; it answers at once when that comes.",
    )


class LogsArguments(Arguments):
    """Whose log, and how much of it."""

    id: str = Field(description=_HANDLE)
    job: int | None = Field(default=None, ge=0, description="Only the job of this number.")
    tail: int = Field(default=60, ge=1, le=2000, description="The last lines of each job.")


class StopArguments(Arguments):
    """What to stop."""

    id: str = Field(description=_HANDLE)
    grace_s: float = Field(
        default=1.5,
        ge=0,
        le=40,
        description="Seconds in which jobs may save their state before they are killed.",
    )


class ResultsArguments(Arguments):
    """Of which sweep."""

    name: str = Field(description="Name of the sweep, or its folder, such as results/unet_sweep.")
    refresh: bool = Field(
        default=True, description="Make the aggregates anew where the records are newer."
    )


class AutoRunArguments(Arguments):
    """A command, and where it runs."""

    command: Command = Field(description="A shell command, run as written.")
    name: ExpName | None = Field(
        default=None, description="Name of the run and its worktree; default: from the command."
    )
    then: tuple[Command, ...] = Field(
        default=(), max_length=100, description="Further commands, in the same worktree."
    )
    base: str | None = Field(default=None, min_length=1, description="Commit, branch or tag.")
    dirty: Literal["refuse", "snapshot", "ignore"] | None = Field(
        default=None,
        description="Changes that are not committed: refuse to start, carry them, or go without.",
    )
    gpus: int | None = Field(default=None, ge=0, le=64, description="GPUs for the run.")
    timeout: str | None = Field(default=None, description="Longest time: 90s, 30m, 2h.")
    setup: Command | None = Field(default=None, description="A command run first: uv sync.")
    keep: bool = Field(default=False, description="Keep the worktree with all that is in it.")


class CiFixArguments(Arguments):
    """What to test, and whether a patch is published."""

    test_command: Command | None = Field(
        default=None, description="How to test, such as pytest -q; default: the repository's."
    )
    worktree: Path | None = Field(
        default=None, description="A worktree, tested as it stands; default: the commit of HEAD."
    )
    pull_request: int | None = Field(default=None, ge=1, description="Test its head instead.")
    apply_patch: bool = Field(
        default=False,
        description="Push a branch with the patch and open a draft pull request; "
        "false: only propose it.",
    )
    timeout: str | None = Field(default=None, description="Longest time for one run of the tests.")


class ReviewArguments(Arguments):
    """What to review."""

    subject: str | None = Field(
        default=None,
        min_length=1,
        description="A pull request (number or URL) or BASE..HEAD; default: the worktree.",
    )
    worktree: Path | None = Field(default=None, description="A worktree, with what is uncommitted.")
    base: str | None = Field(default=None, min_length=1, description="What it is compared with.")
    test_command: Command | None = Field(default=None, description="How to test.")
    no_tests: bool = Field(default=False, description="Only read the code; run nothing.")
    post: bool = Field(
        default=False, description="Show the review on the pull request; false: only here."
    )


class MergeArguments(Arguments):
    """What to merge, and whether it lands."""

    subject: str = Field(
        min_length=1,
        description="A worktree, whose branch is merged locally, or a pull request "
        "(its number or URL).",
    )
    base: str | None = Field(
        default=None, min_length=1, description="Of a worktree: the branch to merge into."
    )
    method: Literal["merge", "squash", "rebase", "ff"] | None = Field(
        default=None, description="Default: a merge commit."
    )
    test_command: Command | None = Field(default=None, description="How the result is tested.")
    timeout: str | None = Field(default=None, description="Longest time for the tests.")
    run_tests: bool = Field(
        default=True, description="In a dry run of a worktree: test the merge's result too."
    )
    dry_run: bool = Field(
        default=True,
        description="Show the diff and what stands in the way; false: land it when all is green.",
    )


class WorktreesAction(StrEnum):
    """What to do with worktrees."""

    LIST = "list"
    CREATE = "create"
    REMOVE = "remove"
    CLEAN = "clean"
    REPAIR = "repair"
    RESTORE = "restore"
    PULL_REQUEST = "pull_request"


class WorktreesArguments(Arguments):
    """What to do with which worktree."""

    action: WorktreesAction = Field(
        default=WorktreesAction.LIST,
        description="list, create, remove, clean, repair, restore, or pull_request: its changes "
        "as a branch and a draft pull request.",
    )
    name: str | None = Field(
        default=None, min_length=1, description="The worktree: its name, or its path."
    )
    branch: str | None = Field(
        default=None, min_length=1, description="create, pull_request: the branch."
    )
    start: str | None = Field(
        default=None, min_length=1, description="create: the commit to start from."
    )
    title: str | None = Field(default=None, description="pull_request: its title.")
    labels: str | None = Field(default=None, description="pull_request: a,b")
    reviewers: str | None = Field(default=None, description="pull_request: a,b")
    merged: bool = Field(default=False, description="clean: only those whose commits are merged.")
    older_than: str | None = Field(default=None, description="clean: only those unused for 14d.")
    dry_run: bool = Field(
        default=True,
        description="remove, clean, pull_request: only say what would be done; false: do it.",
    )


class EcgAction(StrEnum):
    """What to do with ECGs."""

    CURATE = "curate"
    EVALUATE = "evaluate"


class EcgArguments(Arguments):
    """Fetch and build PTB-XL (curate), or judge predictions (evaluate)."""

    action: EcgAction = Field(description="curate or evaluate")
    source: str | None = Field(
        default=None,
        description="curate: a folder or zip of PTB-XL, a URL, 'mirror' or 'physionet'.",
    )
    rate: Literal["100", "500", "both"] | None = Field(default=None, description="curate: Hz.")
    task: str | None = Field(default=None, description="curate: which labels or arrays.")
    limit: int | None = Field(default=None, ge=1, description="curate: only so many records.")
    predictions: tuple[Path, ...] = Field(
        default=(), description="evaluate: predictions.npz, diagnostic_preds.csv, or their folders."
    )
    command: Command | None = Field(
        default=None, description="evaluate: a command that makes the predictions."
    )
    data: Path | None = Field(default=None, description="evaluate: the folder of the dataset.")
    out: Path | None = Field(default=None, description="Where to write.")
    dry_run: bool = Field(default=False, description="Only say what would be done.")
