"""What a user asks for: the spec of a sweep, and what of an earlier one is to run again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sweeptree.model.values import Cause, JobState, Scalar

MAX_COMMANDS = 100_000


EXP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_exp_name(name: str) -> str:
    """Return the name, or raise ValueError saying what a sweep may be called (it becomes a folder
    and a ref)."""
    if not EXP_NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
        raise ValueError(
            "a sweep's name is 1 to 64 letters, digits, '.', '_' or '-', begins with a letter or digit, "
            "holds no '..' and does not end in '.' or '.lock'"
        )
    return name


def check_command(command: str) -> str:
    """Return the command, or raise ValueError: a command is a line of text that a shell can run."""
    if not command.strip():
        raise ValueError("a command is empty")
    if "\0" in command:
        raise ValueError("a command holds a NUL byte")
    return command


def check_device_name(name: str) -> str:
    """Return the name, or raise ValueError: a GPU is named by its index or its UUID, with ^ to
    leave it out."""
    bare = name.removeprefix("^")
    if not (bare.isascii() and bare.isdecimal()) and not bare.startswith(("GPU-", "MIG-")):
        raise ValueError(
            "a GPU is named by its index (0) or its UUID (GPU-...), with ^ in front to leave it out"
        )
    return name


DeviceName = Annotated[str, AfterValidator(check_device_name)]


ExpName = Annotated[str, AfterValidator(check_exp_name)]


Command = Annotated[str, AfterValidator(check_command)]


class Border(BaseModel):
    """What crosses a border is frozen, and a misspelt field is an error."""

    # The form in the Prefect UI shows each field under the name that the command line uses.
    model_config = ConfigDict(
        frozen=True, extra="forbid", field_title_generator=lambda name, _: name
    )


class SweepSpec(Border):
    """One experiment: its commands (given, or made from a template) and how they are to be run."""

    exp_name: ExpName = Field(
        description="Name of the sweep: its results stand in the folder of this name."
    )
    dated: bool = Field(
        default=False,
        description="Append the time of the start (UTC) to the name, so that a schedule starts a new sweep each time.",
    )
    commands: tuple[Command, ...] = Field(
        default=(),
        max_length=MAX_COMMANDS,
        description="One shell command per job, run as written. Or give commands_file, or template.",
    )
    commands_file: Path | None = Field(
        default=None,
        description="A file with a JSON list of commands; a relative path is below repo.",
    )
    template: str | None = Field(
        default=None,
        description="A command with {name} for each grid parameter and {seed}; makes the commands.",
    )
    grid: dict[str, tuple[Scalar, ...]] = Field(
        default_factory=dict,
        description='Values per parameter of the template, as {"lr": [0.001, 0.0003]}; every combination is a config.',
    )
    seeds: tuple[int, ...] = Field(
        default=(),
        description="Random seeds: each config runs once per seed, as {seed} and as $SWEEPTREE_SEED.",
    )
    metric: str | None = Field(
        default=None,
        pattern=r"^[^:\s]+(:(max|min))?$",
        description="What the leaderboard ranks by, as name:max or name:min; default: val_auc or another plain name.",
    )
    mix_data: bool = Field(
        default=False,
        description="Rank and compare also jobs that ran on different versions of the dataset.",
    )
    repo: Path = Field(
        default=Path(),
        description="A folder inside the git repository whose code is run; default: where the run starts.",
    )
    results_dir: Path | None = Field(
        default=None,
        description="Where results go; default: results/ at the top of the repository.",
    )
    base: str = Field(
        default="HEAD", min_length=1, description="The commit, branch or tag that all jobs run at."
    )
    use_worktree: bool = Field(
        default=False,
        description="Run each job in a git worktree of its own, not in the repository itself.",
    )
    parallel: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="Jobs at once; default: the GPU slots, or the cores without GPUs.",
    )
    gpus: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="GPUs per job; default: 1 where the machine has GPUs, else 0.",
    )
    gpu_mem: int | None = Field(
        default=None,
        ge=1,
        le=2**24,
        description="MiB that a job needs of each of its GPUs, which it then shares; default: the whole GPU.",
    )
    devices: tuple[DeviceName, ...] = Field(
        default=(),
        description="The GPUs that jobs may be given, by index or UUID; with ^ in front: all but these.",
    )
    gpu_env: Literal["uuid", "index"] = Field(
        default="uuid",
        description="How CUDA_VISIBLE_DEVICES names a job's GPUs; MIG slices always go by UUID.",
    )
    timeout: float | None = Field(
        default=None, gt=0, description="Seconds after which a job is stopped; default: never."
    )
    time_limit: float | None = Field(
        default=None,
        gt=0,
        description="Seconds after which the sweep starts no more jobs and stops those that run; default: never.",
    )
    min_free: int = Field(
        default=1024,
        ge=0,
        le=2**34,
        description="MiB that must be free where results and worktrees stand before a job starts; 0: not looked at.",
    )
    grace: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Seconds between asking a job to stop and killing it.",
    )
    retries: int = Field(
        default=0, ge=0, le=100, description="Further attempts for a job that failed or timed out."
    )
    on_fail: Literal["continue", "stop"] = Field(
        default="continue",
        description="After a failed job: go on with the others, or start no more.",
    )
    dirty: Literal["refuse", "snapshot", "ignore"] = Field(
        default="refuse",
        description="Changes that are not committed: refuse to start, carry them (snapshot), or go without them.",
    )
    links: tuple[str, ...] | None = Field(
        default=None,
        description="Folders of the checkout that each worktree gets as a link; default: data, if it is not committed.",
    )
    setup: str | None = Field(
        default=None,
        description="A shell command run in each job's worktree before its command, for example 'uv sync'.",
    )
    only: tuple[int, ...] = Field(
        default=(),
        description="Run only the jobs with these numbers, the first is 0; default: all.",
    )
    keep_env: tuple[str, ...] = Field(
        default=(),
        description="Environment variables that look like secrets and that the jobs may see all the same.",
    )
    auto_fix_before_pr: bool = Field(
        default=False, description="Run the auto-fix script in each job's worktree."
    )
    auto_fix_script: Path = Field(
        default=Path("scripts/agents/auto_fix_and_pr.sh"),
        description="The script that auto-fix runs.",
    )
    commit_and_pr: bool = Field(
        default=False,
        description="Commit what a successful job changed in tracked files to a branch of its own.",
    )
    commit_and_pr_best: bool = Field(
        default=False,
        description="Open one pull request at the end: the best job's changes, with the leaderboard.",
    )
    pr_artifacts: tuple[str, ...] = Field(
        default=(),
        description="Files that jobs make and that go into the pull requests too, as patterns.",
    )
    post_pr_labels: tuple[str, ...] = Field(default=(), description="Labels for the pull requests.")
    post_pr_reviewers: tuple[str, ...] = Field(
        default=(), description="Reviewers asked for the pull requests."
    )
    max_prs: int = Field(
        default=10, ge=0, le=1000, description="The most branches and pull requests a sweep makes."
    )

    @property
    def delivers(self) -> bool:
        """Whether what jobs change goes onto branches."""
        return self.commit_and_pr or self.commit_and_pr_best

    @property
    def wants_review(self) -> bool:
        """Whether the jobs' pull requests get labels or reviewers."""
        return self.commit_and_pr and bool(self.post_pr_labels or self.post_pr_reviewers)

    @model_validator(mode="after")
    def _has_jobs(self) -> SweepSpec:
        given = [name for name in ("commands", "commands_file", "template") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                "give one of commands, commands_file, or a template with a grid and seeds"
            )
        if not self.template and self.grid:
            raise ValueError("a grid needs a template that names its parameters")
        return self


class Resume(Border):
    """Which jobs of an earlier run of the sweep run again; those that never ended always do."""

    failed: bool = Field(default=False, description="Also the jobs that failed or timed out.")
    oom: bool = Field(
        default=False, description="Also the jobs that ran out of memory, on the GPU or the host."
    )
    jobs: tuple[int, ...] = Field(
        default=(), description="Only the jobs with these numbers, however they ended."
    )

    def takes(self, index: int, state: JobState | None, cause: Cause | None = None) -> bool:
        """Whether a job in this state runs again (or is adopted, when it still runs)."""
        if self.jobs:
            return index in self.jobs
        if state in (JobState.FAILED, JobState.TIMED_OUT):
            return self.failed or (self.oom and cause in (Cause.GPU_MEMORY, Cause.HOST_MEMORY))
        return state is not JobState.SUCCEEDED
