"""What was added to a sweep after it had begun: more seeds, more values, more commands.

Hides: that the jobs there were keep their places, and that a seed which stands in the commands
themselves is written anew. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sweeptree.errors import UsageError
from sweeptree.model import Scalar, SweepSpec
from sweeptree.model.spec import Extension
from sweeptree.plan.grid import Planned
from sweeptree.plan.params import read_command, typed
from sweeptree.plan.reseed import with_seed

Planner = Callable[[SweepSpec], list[Planned]]


@dataclass(frozen=True, slots=True)
class Grown:
    """All that is planned; `ends`: how many jobs there were at first and after each extension."""

    planned: list[Planned]
    ends: tuple[int, ...]


def grow(spec: SweepSpec, plan_of: Planner) -> Grown:
    """What a sweep began with, then what each of its extensions adds, in that order.

    Raises UsageError where an extension does not fit to the sweep.
    """
    so_far = spec.model_copy(update={"extensions": ()})
    planned = plan_of(so_far)
    ends = [len(planned)]
    for extension in spec.extensions:
        so_far = _merged(so_far, extension)
        planned = [*planned, *_new(plan_of(so_far), planned)]
        ends.append(len(planned))
    return Grown(planned, tuple(ends))


def _new(planned: Sequence[Planned], known: Sequence[Planned]) -> list[Planned]:
    """Those that are not known, each once."""
    seen = {_key(one) for one in known}
    found: dict[tuple[str, int | None], Planned] = {}
    for one in planned:
        if _key(one) not in seen:
            found.setdefault(_key(one), one)
    return list(found.values())


def _key(planned: Planned) -> tuple[str, int | None]:
    command, reading = planned
    return command, reading.seed


def _merged(spec: SweepSpec, extension: Extension) -> SweepSpec:
    """The spec of a sweep that would have had all of it from the start."""
    if extension.commands and not spec.commands:
        raise UsageError(
            "commands cannot be added to a sweep that was made from a template",
            hint="--grid name=value,value or --seeds 4,5",
        )
    if extension.grid and spec.template is None:
        raise UsageError(
            "a grid cannot be added to a sweep of plain commands",
            hint="""--commands '["python train.py --lr 0.1"]'""",
        )
    commands = (*spec.commands, *extension.commands)
    if _name_their_seeds(spec):
        return spec.model_copy(update={"commands": (*commands, *_reseeded(spec, extension))})
    seeds = tuple(dict.fromkeys((*spec.seeds, *extension.seeds)))
    grid = _with_values(spec.grid, extension.grid)
    return spec.model_copy(update={"commands": commands, "seeds": seeds, "grid": grid})


def _name_their_seeds(spec: SweepSpec) -> bool:
    """Whether the seeds of a sweep stand in its commands."""
    return any(read_command(command).seed is not None for command in spec.commands)


def _reseeded(spec: SweepSpec, extension: Extension) -> list[str]:
    """Each command with each of the new seeds in the place of its own."""
    found = [with_seed(command, seed) for command in spec.commands for seed in extension.seeds]
    return list(dict.fromkeys(found))


def _with_values(
    grid: Mapping[str, tuple[Scalar, ...]], more: Mapping[str, tuple[Scalar, ...]]
) -> dict[str, tuple[Scalar, ...]]:
    """The grid with further values, each once: 3e-4 is 0.0003."""
    merged = dict(grid)
    for name, values in more.items():
        distinct = {typed(str(value)): value for value in values}
        for value in merged.get(name, ()):
            distinct.pop(typed(str(value)), None)
        merged[name] = (*merged.get(name, ()), *distinct.values())
    return merged
