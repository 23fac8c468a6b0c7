"""The options of `run`, and the spec that they mean.

Hides: how words of a command line (durations, lists, grids, a spec file) become the fields of a
SweepSpec, and how what is wrong with one of them is told.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter, Token
from pydantic import ValidationError

from sweeptree import plan
from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec

FLAG: Any = Parameter(negative=())


def _whole(type_: Any, tokens: Sequence[Token]) -> int:  # noqa: ARG001 - cyclopts' form of a converter
    """A whole number as int() reads it; cyclopts by itself would cut 1.5 to 1."""
    return int(tokens[0].value)


WHOLE: Any = Parameter(converter=_whole, allow_leading_hyphen=True)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of `run`, as they stand on the command line.

    Parameters
    ----------
    exp_name
        Name of the sweep; its results go to results/EXP_NAME.
    commands
        A JSON list of commands, a file that holds one, or - for standard input.
    template
        A command with {name} for each --grid parameter and {seed}.
    grid
        Values of one parameter, as lr=1e-3,3e-4; give it once per parameter.
    seeds
        Random seeds: 1,2,3 or 1-5.
    spec
        A YAML or JSON file with the fields of a sweep's spec; options given beside it win.
    metric
        What the leaderboard ranks by: val_auc:max, loss:min.
    mix_data
        Rank and compare also jobs that ran on different versions of the dataset.
    parallel
        Jobs at once; default: the GPU slots, without GPUs the cores.
    gpus
        GPUs per job; default: 1 where there are GPUs, else 0.
    gpu_mem
        Memory that a job needs of each of its GPUs, which it then shares: 18G, 900M; default: the whole GPU.
    devices
        The GPUs that jobs may be given: 0,2 or UUIDs, or all but some: ^3.
    gpu_env
        How CUDA_VISIBLE_DEVICES names a job's GPUs; default: uuid.
    use_worktree
        Run each job in a git worktree of its own.
    base
        The commit, branch or tag that all jobs run at.
    dirty
        What to do with uncommitted changes that the worktrees would lack.
    links
        Folders that each worktree gets as a link, separated by commas; default: data, if it is not committed.
    setup
        A shell command run in each worktree before its job.
    only
        Run only the jobs with these numbers: 0,3.
    timeout
        Longest time for a job: 90s, 30m, 2h.
    time_limit
        Longest time for the whole sweep.
    min_free
        Disk space that must be free before a job starts: 20G, 500M; default: 1G. With less, the sweep waits.
    retries
        Further attempts for a job that failed or timed out.
    on_fail
        After a failed job: go on with the others, or start no more.
    keep_env
        Names of environment variables with secrets that the jobs may see, separated by commas.
    auto_fix_before_pr
        Run the auto-fix script in each job's worktree.
    auto_fix_script
        The script that auto-fix runs.
    commit_and_pr
        Commit what a successful job changed in tracked files, on a branch of its own.
    commit_and_pr_best
        Open one pull request at the end: the best job's changes, with the leaderboard.
    pr_artifacts
        Files that jobs make and that go into the pull requests too, as patterns separated by commas.
    post_pr_labels
        Labels for the pull requests, separated by commas.
    post_pr_reviewers
        Reviewers to ask for, separated by commas.
    max_prs
        The most branches and pull requests a sweep makes.
    results_dir
        Where results go; default: results/ at the top of the repository.
    resume
        Go on with what is missing in an earlier sweep of the same spec.
    detach
        Return at once and let the sweep run in the background.
    dry_run
        Show the plan and change nothing at all.
    yes
        Do not ask before a sweep that opens pull requests. Only a terminal is ever asked.
    all_jobs
        List every job in the plan, not the first and the last ones.
    as_json
        Print one JSON document: the plan, or the aggregated results.
    """

    exp_name: Annotated[
        str | None, Parameter(name=("--exp_name", "-n"), allow_leading_hyphen=True)
    ] = None
    commands: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    template: str | None = None
    grid: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    seeds: str | None = None
    spec: Path | None = None
    metric: str | None = None
    mix_data: Annotated[bool, FLAG] = False
    parallel: Annotated[int | None, WHOLE] = None
    gpus: Annotated[int | None, WHOLE] = None
    gpu_mem: str | None = None
    devices: str | None = None
    gpu_env: Literal["uuid", "index"] | None = None
    use_worktree: Annotated[bool, FLAG] = False
    base: str | None = None
    dirty: Literal["refuse", "snapshot", "ignore"] | None = None
    links: str | None = None
    setup: str | None = None
    only: str | None = None
    timeout: str | None = None
    time_limit: str | None = None
    min_free: str | None = None
    retries: Annotated[int | None, WHOLE] = None
    on_fail: Literal["continue", "stop"] | None = None
    keep_env: str | None = None
    auto_fix_before_pr: Annotated[bool, FLAG] = False
    auto_fix_script: Path | None = None
    commit_and_pr: Annotated[bool, FLAG] = False
    commit_and_pr_best: Annotated[bool, FLAG] = False
    pr_artifacts: str | None = None
    post_pr_labels: str | None = None
    post_pr_reviewers: str | None = None
    max_prs: Annotated[int | None, WHOLE] = None
    results_dir: Path | None = None
    resume: Annotated[bool, FLAG] = False
    detach: Annotated[bool, FLAG] = False
    dry_run: Annotated[bool, FLAG] = False
    yes: Annotated[bool, FLAG] = False
    all_jobs: Annotated[bool, Parameter(name="--all", negative=())] = False
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False


def make_spec(options: RunOptions) -> SweepSpec:
    """The spec that the options mean. Raises UsageError, naming the option."""
    fields: dict[str, Any] = _spec_file(options.spec) if options.spec else {}
    for name in (
        "exp_name",
        "template",
        "metric",
        "parallel",
        "gpus",
        "base",
        "dirty",
        "setup",
        "retries",
        "on_fail",
    ):
        fields.update(_given(name, getattr(options, name)))
    for name in ("max_prs", "auto_fix_script", "gpu_env"):
        fields.update(_given(name, getattr(options, name)))
    for name in (
        "use_worktree",
        "mix_data",
        "auto_fix_before_pr",
        "commit_and_pr",
        "commit_and_pr_best",
    ):
        fields.update(_given(name, getattr(options, name) or None))
    for name in (
        "links",
        "keep_env",
        "devices",
        "pr_artifacts",
        "post_pr_labels",
        "post_pr_reviewers",
    ):
        fields.update(_given(name, _words(getattr(options, name))))
    fields.update(_amounts(options))
    fields.update(_given("only", job_numbers("only", options.only)))
    if options.commands is not None:
        fields.pop("commands_file", None)
        fields["commands"] = plan.load_commands(options.commands, sys.stdin)
    if options.grid:
        fields["grid"] = {
            name: values for text in options.grid for name, values in plan.parse_grid(text).items()
        }
    if options.seeds is not None:
        fields["seeds"] = plan.parse_seeds(options.seeds)
    fields["repo"] = Path.cwd() / fields.get("repo", "")
    if options.results_dir is not None:
        fields["results_dir"] = Path.cwd() / options.results_dir
    return valid_spec(fields)


def _amounts(options: RunOptions) -> dict[str, Any]:
    """The options that have a unit: seconds and MiB."""
    kinds = ((_duration, ("timeout", "time_limit")), (mebibytes, ("gpu_mem", "min_free")))
    found = ((name, read(name, getattr(options, name))) for read, names in kinds for name in names)
    return {name: value for name, value in found if value is not None}


def valid_spec(fields: dict[str, Any]) -> SweepSpec:
    """The spec of these fields. Raises UsageError that names the option which is wrong."""
    if not fields.get("exp_name"):
        raise UsageError("the sweep has no name", hint="add --exp_name NAME")
    if not any(fields.get(name) for name in ("commands", "commands_file", "template")):
        raise UsageError(
            "there are no commands to run",
            hint="add --commands '[\"python train.py --seed 1\"]', or a file",
        )
    try:
        return SweepSpec.model_validate(fields)
    except ValidationError as error:
        raise UsageError(
            fault(error, RunOptions.__dataclass_fields__), hint="sweeptree run --help"
        ) from error


def fault(error: ValidationError, options: Collection[str] | None = None) -> str:
    """The first thing that is wrong, as one line.

    `options`: the fields that are options (None: all).
    """
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    where = f"--{where}" if where and (options is None or where in options) else where or "the spec"
    text = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    given = first.get("input")
    shown = (
        f" (it is {given!r})"
        if isinstance(given, str | int | float) and len(str(given)) < 80
        else ""
    )
    return f"{where}: {text}{shown}"


def _spec_file(path: Path) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(
            f"--spec {path} cannot be read: {error}", hint="give a YAML or JSON file"
        ) from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(
            f"--spec {path} holds no fields", hint="write it as lines like 'exp_name: my_sweep'"
        )
    return value


def _given(name: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {name: value}


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def _duration(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return plan.parse_duration(text)
    except UsageError as error:
        raise UsageError(f"--{name}: {error.message}", hint=error.hint) from error


def mebibytes(option: str, text: str | None) -> int | None:
    """MiB of a word like 18G, 900M or 1.5GiB: one G is 1024 M, as GPUs count.

    0 needs no unit. Raises UsageError.
    """
    if text is None or text.strip() == "0":
        return None if text is None else 0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([GM])(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise UsageError(
            f"--{option} takes an amount of memory, not {text!r}", hint=f"--{option} 18G, or 900M"
        )
    return round(float(found[1]) * (1024 if found[2] in "gG" else 1))


def job_numbers(option: str, text: str | None) -> tuple[int, ...] | None:
    """The job numbers of a word like 0,3; None for None. Raises UsageError."""
    if text is None:
        return None
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise UsageError(
            f"--{option} takes job numbers separated by commas, not {text!r}",
            hint=f"--{option} 0,3",
        ) from error
