"""What a user asks for: the spec of a sweep, and what of an earlier one is to run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sweeptree.model.fields import (
    Border,
    Command,
    DeviceName,
    DiskSpace,
    ExpName,
    GpuMemory,
    Grace,
    HostChoice,
    MetricName,
    MetricRegex,
    Positive,
)
from sweeptree.model.text import (
    DURATION,
    GRID,
    HOSTS,
    JOB_NUMBERS,
    MEBIBYTES,
    SEEDS,
    SLURM,
    WORDS,
)
from sweeptree.model.values import MAX_COMMANDS, Cause, JobState, Scalar


class Extension(Border):
    """What was added to a sweep after it had begun; its jobs follow those that there were."""

    commands: tuple[Command, ...] = Field(
        default=(), max_length=MAX_COMMANDS, description="Further commands, run as written."
    )
    grid: Annotated[dict[str, tuple[Scalar, ...]], GRID] = Field(
        default_factory=dict,
        description=(
            "Further values of a parameter of the template, as lr=1e-4,3e-5; each is combined with "
            "all values of the others and all seeds."
        ),
    )
    seeds: Annotated[tuple[int, ...], SEEDS] = Field(
        default=(), description="Further seeds for every config, as 4,5 or 4-6."
    )


class SweepSpec(Border):
    """One experiment: its commands (given, or made from a template) and how they are to be run."""

    # What a field's description says is read everywhere: in `sweeptree run --help`, in the form in
    # the Prefect UI, in the schema of a spec file and in docs/options.md.

    exp_name: ExpName = Field(
        description="Name of the sweep; its results go to the folder of this name."
    )
    dated: bool = Field(
        default=False,
        description=(
            "Append the time of the start (UTC) to the name, "
            "so that a schedule starts a new sweep each time."
        ),
    )
    commands: tuple[Command, ...] = Field(
        default=(),
        max_length=MAX_COMMANDS,
        description="Shell commands, one per job, run as written.",
    )
    commands_file: Path | None = Field(
        default=None,
        description="A file with a JSON list of commands; a relative path is below repo.",
    )
    template: str | None = Field(
        default=None,
        description=(
            "A command with {name} for each parameter of the grid and {seed}; makes the commands."
        ),
    )
    grid: Annotated[dict[str, tuple[Scalar, ...]], GRID] = Field(
        default_factory=dict,
        description=(
            "Values of a parameter of the template, as lr=1e-3,3e-4, once per parameter; "
            "every combination is a config."
        ),
    )
    seeds: Annotated[tuple[int, ...], SEEDS] = Field(
        default=(),
        description=(
            "Random seeds, as 1,2,3 or 1-5: each config runs once per seed, "
            "which it gets as {seed} and $SWEEPTREE_SEED."
        ),
    )
    extensions: tuple[Extension, ...] = Field(
        default=(),
        description="What `sweeptree extend` has added since, in that order.",
    )
    metric: MetricName | None = Field(
        default=None,
        description=(
            "What the leaderboard ranks by, as val_auc:max or loss:min; "
            "default: val_auc or another plain name."
        ),
    )
    metrics_file: Annotated[tuple[str, ...], WORDS] = Field(
        default=(),
        description=(
            "Files of the job that hold its metrics, as patterns separated by commas, "
            "for example 'logs/*/metrics.csv'; default: those called as trainers call theirs."
        ),
    )
    metric_regex: MetricRegex | None = Field(
        default=None,
        description=(
            "A regular expression for lines of the log whose group is the metric, "
            "for example 'val_auc → (\\S+)'."
        ),
    )
    mix_data: bool = Field(
        default=False,
        description="Rank and compare also jobs that ran on different versions of the dataset.",
    )
    repo: Path = Field(
        default=Path(),
        description=(
            "A folder inside the git repository whose code is run; default: where the run starts."
        ),
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
        description="Jobs at once; default: the GPU slots, without GPUs the cores.",
    )
    gpus: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="GPUs per job; default: 1 where the machine has GPUs, else 0.",
    )
    gpu_mem: Annotated[GpuMemory | None, MEBIBYTES] = Field(
        default=None,
        description=(
            "Memory that a job needs of each of its GPUs, which it then shares, as 18G or 900M; "
            "default: the whole GPU."
        ),
    )
    devices: Annotated[tuple[DeviceName, ...], WORDS] = Field(
        default=(),
        description="The GPUs that jobs may be given, as 0,2 or UUIDs; all but some: ^3.",
    )
    gpu_env: Literal["uuid", "index"] = Field(
        default="uuid",
        description=(
            "How CUDA_VISIBLE_DEVICES names a job's GPUs; MIG slices always go by UUID. "
            "Default: uuid."
        ),
    )
    executor: Literal["local", "slurm"] = Field(
        default="local",
        description=(
            "Where the jobs run: on this machine (local), or as arrays of a Slurm cluster (slurm), "
            "whose nodes share the file system of the results."
        ),
    )
    slurm: Annotated[dict[str, str], SLURM] = Field(
        default_factory=dict,
        description=(
            "Options of sbatch for each job on a Slurm cluster, as "
            "partition=gpu,time=2h,gres=gpu:1; without gres a job has no GPU."
        ),
    )
    array_parallelism: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="The most jobs that a Slurm cluster runs at once; default: as many as it has "
        "room for.",
    )
    hosts: Annotated[tuple[HostChoice, ...], HOSTS] = Field(
        default=(),
        description=(
            "The hosts to run on, as gpu1,gpu2, or all (see sweeptree hosts); "
            "default: this machine."
        ),
    )
    artifacts: Literal["bring", "keep-remote"] = Field(
        default="bring",
        description=(
            "Files that jobs make on other hosts: bring them all, or leave big ones there, "
            "with path and checksum in the record. Default: bring."
        ),
    )
    timeout: Annotated[Positive | None, DURATION] = Field(
        default=None,
        description="Longest time for a job, as 90s, 30m or 2h; default: no limit.",
    )
    time_limit: Annotated[Positive | None, DURATION] = Field(
        default=None,
        description=(
            "Longest time for the whole sweep, as 8h: then no more jobs start and those that run "
            "are stopped; default: no limit."
        ),
    )
    min_free: Annotated[DiskSpace, MEBIBYTES] = Field(
        default=1024,
        description=(
            "Disk space that must be free before a job starts, as 20G or 500M; default: 1G. "
            "With less, the sweep waits; 0 skips the check."
        ),
    )
    grace: Annotated[Grace, DURATION] = Field(
        default=10.0,
        description="Time between asking a job to stop and killing it, as 30s; default: 10s.",
    )
    retries: int = Field(
        default=0, ge=0, le=100, description="Further attempts for a job that failed or timed out."
    )
    on_fail: Literal["continue", "stop"] = Field(
        default="continue",
        description="After a failed job: go on with the others, or start no more.",
    )
    stop_after_same: int = Field(
        default=3,
        ge=0,
        le=1000,
        description=(
            "Start no more jobs when the first so many all fail alike; 0: go on. Default: 3."
        ),
    )
    dirty: Literal["refuse", "snapshot", "ignore"] = Field(
        default="refuse",
        description=(
            "Changes that are not committed: refuse to start, carry them (snapshot), "
            "or go without them."
        ),
    )
    links: Annotated[tuple[str, ...] | None, WORDS] = Field(
        default=None,
        description=(
            "Folders of the checkout that each worktree gets as a link, separated by commas; "
            "default: data, if it is not committed."
        ),
    )
    setup: str | None = Field(
        default=None,
        description=(
            "A shell command run in each job's worktree before its command, for example 'uv sync'."
        ),
    )
    keep_worktrees: Literal["failed", "changed", "all"] = Field(
        default="failed",
        description=(
            "Which worktrees stay after their jobs: of failed jobs that left files, also those "
            "with changed tracked files (changed), or all."
        ),
    )
    only: Annotated[tuple[int, ...], JOB_NUMBERS] = Field(
        default=(),
        description=(
            "Run only the jobs with these numbers, as 0,3 or 4-9; the first is 0. Default: all."
        ),
    )
    keep_env: Annotated[tuple[str, ...], WORDS] = Field(
        default=(),
        description=(
            "Environment variables that look like secrets but that the jobs may see, "
            "separated by commas."
        ),
    )
    auto_fix_before_pr: bool = Field(
        default=False,
        description=(
            "Run the auto-fix script in each job's worktree; without one, ruff and the "
            "repository's pre-commit on what the job changed."
        ),
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
        description=(
            "Open one pull request at the end: the best job's changes, with the leaderboard."
        ),
    )
    pr_artifacts: Annotated[tuple[str, ...], WORDS] = Field(
        default=(),
        description=(
            "Files that jobs make and that go into the pull requests too, "
            "as patterns separated by commas."
        ),
    )
    post_pr_labels: Annotated[tuple[str, ...], WORDS] = Field(
        default=(), description="Labels for the pull requests, separated by commas."
    )
    post_pr_reviewers: Annotated[tuple[str, ...], WORDS] = Field(
        default=(),
        description="Reviewers to ask for in the pull requests, separated by commas.",
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
    jobs: Annotated[tuple[int, ...], JOB_NUMBERS] = Field(
        default=(),
        description="Only the jobs with these numbers, as 3,7 or 4-9, however they ended.",
    )
    ends: Literal["term", "kill"] | None = Field(
        default=None,
        description="Begin nothing: take over what runs, and ask it to end (term), or kill it.",
    )

    def takes(self, index: int, state: JobState | None, cause: Cause | None = None) -> bool:
        """Whether a job in this state runs again (or is adopted, when it still runs)."""
        if self.ends is not None:
            return state is JobState.RUNNING
        if self.jobs:
            return index in self.jobs
        if state in (JobState.FAILED, JobState.TIMED_OUT):
            return self.failed or (self.oom and cause in (Cause.GPU_MEMORY, Cause.HOST_MEMORY))
        return state is not JobState.SUCCEEDED
