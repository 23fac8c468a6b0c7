"""The Auto Runner's work: one command in a worktree of its own, as a sweep of one.

    AutoRunSpec → a name → SweepSpec → run_sweep → RunReport

Hides: how several commands become one job's line, and which name a run gets that was given none.
Everything else is a sweep's: worktree, keeper, GPU, records, `status`, `logs`, `cancel`, `resume`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from pydantic import Field

from sweeptree import plan
from sweeptree.errors import Refused
from sweeptree.model import SweepSpec
from sweeptree.model.fields import Border, Command, DeviceName, ExpName, GpuMemory, Positive
from sweeptree.model.text import DURATION, MEBIBYTES, WORDS
from sweeptree.records import SweepPaths
from sweeptree.repository import find_repository
from sweeptree.settings import Settings
from sweeptree.sweep import preflight
from sweeptree.sweep.one_report import RunReport, refused, report_on
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.run import Engine, run_sweep

_NAME_LENGTH = 48  # leaves room for a number
_NAME_WORDS = 3
_NO_NAME = "command"
_OWN_FIELDS = frozenset({"command", "then", "name", "keep"})


def _of_sweep(field: str) -> Any:
    """A field that means what it means in a sweep."""
    found = SweepSpec.model_fields[field]
    return Field(default=found.default, description=found.description)


class AutoRunSpec(Border):
    """One command, or several one after the other, in an isolated worktree."""

    command: Command = Field(description="A shell command, run as written.")
    then: tuple[Command, ...] = Field(
        default=(),
        max_length=100,
        description=(
            "Further shell commands, one after the other in the same worktree; "
            "the first that fails ends the run."
        ),
    )
    name: ExpName | None = Field(
        default=None,
        description=(
            "Name of the run; its results go to the folder of this name. "
            "Default: made from the command, with a number when it is taken."
        ),
    )
    repo: Path = _of_sweep("repo")
    results_dir: Path | None = _of_sweep("results_dir")
    base: str = Field(
        default="HEAD", min_length=1, description="The commit, branch or tag to run at."
    )
    gpus: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="GPUs for the run; default: 1 where the machine has GPUs, else 0.",
    )
    gpu_mem: Annotated[GpuMemory | None, MEBIBYTES] = Field(
        default=None,
        description=(
            "Memory that is needed of each GPU, which is then shared, as 18G or 900M; "
            "default: the whole GPU."
        ),
    )
    devices: Annotated[tuple[DeviceName, ...], WORDS] = Field(
        default=(),
        description="The GPUs that may be given, as 0,2 or UUIDs; all but some: ^3.",
    )
    timeout: Annotated[Positive | None, DURATION] = Field(
        default=None,
        description="Longest time for all commands, as 90s, 30m or 2h; default: no limit.",
    )
    dirty: Literal["refuse", "snapshot", "ignore"] = _of_sweep("dirty")
    links: Annotated[tuple[str, ...] | None, WORDS] = Field(
        default=None,
        description=(
            "Folders of the checkout that the worktree gets as a link, separated by commas; "
            "default: data, if it is not committed."
        ),
    )
    setup: str | None = Field(
        default=None,
        description="A shell command run in the worktree first, for example 'uv sync'.",
    )
    keep_env: Annotated[tuple[str, ...], WORDS] = Field(
        default=(),
        description=(
            "Environment variables that look like secrets but that the commands may see, "
            "separated by commas."
        ),
    )
    keep: bool = Field(
        default=False,
        description=(
            "Keep the worktree with all that is in it; default: only where tracked files changed, "
            "or the run failed and left files."
        ),
    )

    @property
    def commands(self) -> tuple[str, ...]:
        """All commands, in their order."""
        return (self.command, *self.then)

    @property
    def label(self) -> str:
        """What the run is called before it has a name."""
        return self.name or stem(self.command)


def run_one(spec: AutoRunSpec, engine: Engine) -> RunReport:
    """Run the commands to their end. A refusal is a report, or raised where nothing can be
    planned."""
    claimed = spec if spec.name is not None else _claimed(spec, Settings())
    ended = run_sweep(sweep_spec(claimed), None, engine, before_end=_nothing)
    return refused(claimed.label, ended.reason) if ended.root is None else report_on(ended.root)


def _nothing() -> None:
    """A run has no tables to make at its end: pandas is not loaded."""


def prepare_one(spec: AutoRunSpec, settings: Settings) -> PreparedSweep:
    """Find out everything about a run, under the name that it would get. Changes nothing.

    Raises UsageError or Refused where nothing can be planned at all.
    """
    return preflight.prepare(sweep_spec(_named(spec)), settings)


def claim_one(spec: AutoRunSpec, settings: Settings) -> PreparedSweep:
    """The same, ready to start; a name that was not given is taken by making its folder, so that
    two runs that start at once get two. `drop_claim` when nothing came of it.

    Raises UsageError or Refused.
    """
    while True:
        prepared = prepare_one(spec, settings)
        _refuse_taken(prepared.paths)
        preflight.must_start(prepared)
        if spec.name is not None or _claim(prepared.paths):
            return prepared


def _refuse_taken(paths: SweepPaths) -> None:
    """A name that was asked for and is taken, in the words of `auto-run`. Raises Refused."""
    name = paths.root.name
    if os.path.lexists(paths.sweep):
        again = f"sweeptree resume {name}   goes on with it"
        hint = (again, "or choose another --name; without one it is numbered")
        raise Refused(f"there is a run or a sweep named {name} already", hint=hint)


def drop_claim(paths: SweepPaths) -> None:
    """Remove the folder of a run that left nothing in it."""
    with contextlib.suppress(OSError):
        paths.root.rmdir()


def _claim(paths: SweepPaths) -> bool:
    paths.root.parent.mkdir(parents=True, exist_ok=True)
    try:
        paths.root.mkdir()
    except FileExistsError:  # another run was quicker
        return False
    return True


def _claimed(spec: AutoRunSpec, settings: Settings) -> AutoRunSpec:
    prepared = claim_one(spec, settings)
    return spec.model_copy(update={"name": prepared.spec.exp_name})


def sweep_spec(spec: AutoRunSpec) -> SweepSpec:
    """The sweep of one that the run is."""
    shared = spec.model_dump(exclude=set(_OWN_FIELDS))
    return SweepSpec(
        exp_name=spec.label,
        commands=(joined(spec.commands),),
        use_worktree=True,
        parallel=1,
        keep_worktrees="all" if spec.keep else "changed",
        **shared,
    )


def joined(commands: Sequence[str]) -> str:
    """One shell line that runs the commands one after the other, each in a shell of its own so that
    `cd` or `exit` in one says nothing of the next; the log says where each begins (`set -x`)."""
    if len(commands) == 1:
        return commands[0]
    return "set -x; " + " && ".join(f"sh -c {shlex.quote(command)}" for command in commands)


def _named(spec: AutoRunSpec) -> AutoRunSpec:
    """The spec with the first free name, where it has none."""
    if spec.name is not None:
        return spec
    return spec.model_copy(update={"name": free_name(spec.label, sweep_spec(spec))})


def free_name(wanted: str, spec: SweepSpec) -> str:
    """The name that is wanted for such a sweep, with a number where it is taken."""
    repo = find_repository(spec.repo)
    results = preflight.results_root(spec, repo)
    free = (
        name
        for name in _numbered(wanted)
        if not any(map(os.path.lexists, (results / name, repo.pool_dir(name))))
    )
    return next(free)


def _numbered(first: str) -> Iterator[str]:
    yield first
    yield from (f"{first}-{number}" for number in count(2))


def stem(command: str) -> str:
    """A name made from a command: that of its script or module, else its first words."""
    scripts = plan.scripts(command)
    text = PurePath(scripts[0]).stem if scripts else "-".join(_telling(command.split()))
    plain = re.sub(r"[^A-Za-z0-9_.]+", "-", text)
    plain = re.sub(r"\.{2,}", ".", plain)[:_NAME_LENGTH].strip("-._")
    return plain.removesuffix(".lock") or _NO_NAME


def _telling(words: Sequence[str]) -> list[str]:
    if "-m" in words[:-1]:  # python -m package.module
        return [words[words.index("-m") + 1]]
    names = takewhile(lambda word: not word.startswith("-"), words)
    return [PurePath(name).name for name in names][:_NAME_WORDS]
