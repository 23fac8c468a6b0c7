"""The options of `run`, and the spec that they mean.

Hides: that an option which is a field of SweepSpec has its description and its text form from that
field, and how what is wrong with one of them is reported.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from cyclopts import Parameter, Token
from pydantic import BaseModel, ValidationError

from sweeptree import plan
from sweeptree.cli.options_file import find_options_file
from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec

if TYPE_CHECKING:
    import yaml

_JOBS = ("commands", "commands_file", "template")
_OF_TEMPLATES = ("grid", "seeds")
_Model = TypeVar("_Model", bound=BaseModel)


def option(field: str, *, more: str = "") -> Parameter:
    """An option as its field of SweepSpec describes it; `more` holds on a command line only."""
    return described(SweepSpec, field, more=more)


def described(model: type[BaseModel], field: str, *, more: str = "") -> Parameter:
    """An option as a field of a spec describes it."""
    description = model.model_fields[field].description or ""
    return Parameter(help=f"{description} {more}".rstrip())


def _whole(type_: Any, tokens: tuple[Token, ...]) -> int:  # noqa: ARG001 - as cyclopts calls it
    """A whole number as int() reads it; cyclopts by itself would cut 1.5 to 1."""
    return int(tokens[0].value)


FLAG = Parameter(negative=(), show_default=False)
JSON = Parameter(name="--json", negative=(), show_default=False)
WHOLE = Parameter(converter=_whole, allow_leading_hyphen=True)
_LEADING_HYPHEN = Parameter(allow_leading_hyphen=True)
SEVERAL = Parameter(negative=(), show_default=False)
NOTIFY = Parameter(
    negative=(),
    show_default=False,
    help="Address to tell when the run has ended, in apprise's form, as json://host/path.",
)
_EXP_NAME = Parameter(name=("--exp_name", "-n"), allow_leading_hyphen=True)
_ALL = Parameter(name="--all", negative=(), show_default=False)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of `run`, as they are written on the command line.

    Those of a sweep are described where its fields are; here are those of the command alone.

    Parameters
    ----------
    spec
        A YAML or JSON file with the fields of a sweep's spec; options given beside it win.
    resume
        Go on with what is missing in an earlier sweep of the same spec.
    detach
        Return at once and let the sweep run in the background.
    dry_run
        Show the plan and change nothing at all.
    smoke
        Run the first job for at most this long, 60s if nothing is said, in place of the sweep: does
        it start, is its metric found, what memory does it need, how long will all take.
    yes
        Do not ask before a sweep that opens pull requests. Only a terminal is ever asked.
    all_jobs
        List every job in the plan, not the first and the last ones.
    as_json
        Print one JSON document: the plan, or the aggregated results.
    """

    exp_name: Annotated[str | None, _EXP_NAME, option("exp_name")] = None
    commands: Annotated[
        str | None,
        _LEADING_HYPHEN,
        option("commands", more="A JSON list, a file that holds one, or - for standard input."),
    ] = None
    template: Annotated[str | None, option("template")] = None
    grid: Annotated[tuple[str, ...], SEVERAL, option("grid")] = ()
    seeds: Annotated[str | None, option("seeds")] = None
    spec: Path | None = None
    metric: Annotated[str | None, option("metric")] = None
    metrics_file: Annotated[str | None, option("metrics_file")] = None
    metric_regex: Annotated[str | None, _LEADING_HYPHEN, option("metric_regex")] = None
    mix_data: Annotated[bool, FLAG, option("mix_data")] = False
    parallel: Annotated[int | None, WHOLE, option("parallel")] = None
    gpus: Annotated[int | None, WHOLE, option("gpus")] = None
    gpu_mem: Annotated[str | None, option("gpu_mem")] = None
    devices: Annotated[str | None, option("devices")] = None
    gpu_env: Annotated[Literal["uuid", "index"] | None, option("gpu_env")] = None
    hosts: Annotated[str | None, option("hosts")] = None
    artifacts: Annotated[Literal["bring", "keep-remote"] | None, option("artifacts")] = None
    use_worktree: Annotated[bool, FLAG, option("use_worktree")] = False
    base: Annotated[str | None, option("base")] = None
    dirty: Annotated[Literal["refuse", "snapshot", "ignore"] | None, option("dirty")] = None
    links: Annotated[str | None, option("links")] = None
    setup: Annotated[str | None, option("setup")] = None
    keep_worktrees: Annotated[
        Literal["failed", "changed", "all"] | None, option("keep_worktrees")
    ] = None
    only: Annotated[str | None, option("only")] = None
    executor: Annotated[Literal["local", "slurm"] | None, option("executor")] = None
    slurm: Annotated[tuple[str, ...], SEVERAL, option("slurm")] = ()
    array_parallelism: Annotated[int | None, WHOLE, option("array_parallelism")] = None
    timeout: Annotated[str | None, option("timeout")] = None
    time_limit: Annotated[str | None, option("time_limit")] = None
    min_free: Annotated[str | None, option("min_free")] = None
    retries: Annotated[int | None, WHOLE, option("retries")] = None
    on_fail: Annotated[Literal["continue", "stop"] | None, option("on_fail")] = None
    stop_after_same: Annotated[int | None, WHOLE, option("stop_after_same")] = None
    keep_env: Annotated[str | None, option("keep_env")] = None
    auto_fix_before_pr: Annotated[bool, FLAG, option("auto_fix_before_pr")] = False
    auto_fix_script: Annotated[Path | None, option("auto_fix_script")] = None
    commit_and_pr: Annotated[bool, FLAG, option("commit_and_pr")] = False
    commit_and_pr_best: Annotated[bool, FLAG, option("commit_and_pr_best")] = False
    pr_artifacts: Annotated[str | None, option("pr_artifacts")] = None
    post_pr_labels: Annotated[str | None, option("post_pr_labels")] = None
    post_pr_reviewers: Annotated[str | None, option("post_pr_reviewers")] = None
    max_prs: Annotated[int | None, WHOLE, option("max_prs")] = None
    results_dir: Annotated[Path | None, option("results_dir")] = None
    notify: Annotated[tuple[str, ...], NOTIFY] = ()
    resume: Annotated[bool, FLAG] = False
    detach: Annotated[bool, FLAG] = False
    dry_run: Annotated[bool, FLAG] = False
    smoke: str | None = None
    yes: Annotated[bool, FLAG] = False
    all_jobs: Annotated[bool, _ALL] = False
    as_json: Annotated[bool, JSON] = False


SWEEP_OPTIONS = tuple(
    field.name for field in fields(RunOptions) if field.name in SweepSpec.model_fields
)


def make_spec(options: RunOptions) -> SweepSpec:
    """The spec that the options mean. Raises UsageError, naming the option."""
    given = {**(_spec_file(options.spec) if options.spec else {}), **_given(options)}
    values = {**_repository_values(given), **given}
    if options.commands is not None:
        values.pop("commands_file", None)
        values["commands"] = plan.load_commands(options.commands, sys.stdin)
    values["repo"] = Path.cwd() / values.get("repo", "")
    if options.results_dir is not None:
        values["results_dir"] = Path.cwd() / options.results_dir
    return valid_spec(values)


def _repository_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """What sweeptree.toml says of sweeps; options and spec files win, and who names jobs there
    wants none of its jobs."""
    file = find_options_file(Path.cwd())
    unknown = sorted(file.sweep.keys() - SweepSpec.model_fields.keys())
    if unknown:
        near = difflib.get_close_matches(unknown[0], SweepSpec.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else "docs/options.md lists them"
        raise UsageError(f"{file.path}: [sweep] has no {unknown[0]}", hint=hint)
    names_jobs = any(given.get(name) for name in _JOBS)
    left_out = (*_JOBS, *_OF_TEMPLATES) if names_jobs else ()
    return {name: value for name, value in file.sweep.items() if name not in left_out}


def _given(options: RunOptions) -> dict[str, Any]:
    """The fields whose option was given; their text is read where the spec is validated."""
    values = {name: getattr(options, name) for name in SWEEP_OPTIONS}
    return {name: value for name, value in values.items() if _is_given(value)}


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != ()


def valid_spec(values: Mapping[str, Any]) -> SweepSpec:
    """The spec of these fields. Raises UsageError that names the option which is wrong."""
    if not values.get("exp_name"):
        raise UsageError("the sweep has no name", hint="add --exp_name NAME")
    if not any(values.get(name) for name in ("commands", "commands_file", "template")):
        raise UsageError(
            "there are no commands to run",
            hint="add --commands '[\"python train.py --seed 1\"]', or a file",
        )
    return valid(SweepSpec, values, command="run")


def valid(model: type[_Model], values: Mapping[str, Any], *, command: str) -> _Model:
    """A model of these values. Raises UsageError that names the option which is wrong."""
    options = SWEEP_OPTIONS if model is SweepSpec else tuple(model.model_fields)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        hint = _hint(error) or f"sweeptree {command} --help"
        raise UsageError(fault(error, options), hint=hint) from error


def fault(error: ValidationError, options: Collection[str] | None = None) -> str:
    """The first thing that is wrong, as one line.

    `options`: the fields that are options (None: all).
    """
    first = error.errors()[0]
    place = _place(first["loc"], options)
    reason = first.get("ctx", {}).get("what")
    if reason is not None:
        return f"{place}: {reason}"
    text = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{place}: {text}{_shown(first.get('input'))}"


def _place(loc: tuple[int | str, ...], options: Collection[str] | None) -> str:
    if not loc:
        return "the spec"
    where = ".".join(map(str, loc))
    is_option = options is None or loc[0] in options
    return f"--{where}" if is_option else where


def _shown(given: object) -> str:
    is_short = isinstance(given, str | int | float) and len(str(given)) < 80
    return f" (it is {given!r})" if is_short else ""


def _hint(error: ValidationError) -> str:
    hint = error.errors()[0].get("ctx", {}).get("hint", "")
    return str(hint)


def _loaded(text: str) -> object:
    """The value of a YAML document; the values of a grid as written: 3.10, 010, no."""
    import yaml

    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if isinstance(root, yaml.MappingNode):
            for key, value in root.value:
                if key.value == "grid":
                    _keep_spelling(value)
        return None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _keep_spelling(node: yaml.Node) -> None:
    """Take the scalars below a node, but for the keys of mappings, for texts."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        node.tag = "tag:yaml.org,2002:str"
    elif isinstance(node, yaml.SequenceNode):
        _keep_all(node.value)
    elif isinstance(node, yaml.MappingNode):
        _keep_all(value for _, value in node.value)


def _keep_all(nodes: Iterable[yaml.Node]) -> None:
    for node in nodes:
        _keep_spelling(node)


def _spec_file(path: Path) -> dict[str, Any]:
    import yaml

    try:
        value = _loaded(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(
            f"--spec {path} cannot be read: {error}", hint="give a YAML or JSON file"
        ) from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(
            f"--spec {path} holds no fields", hint="write it as lines like 'exp_name: my_sweep'"
        )
    return value
