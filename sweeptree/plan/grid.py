"""A template, a grid and seeds become commands: every combination is a config, seeds innermost.

Hides: how the three must fit together; where they do not, a UsageError says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product

from sweeptree.errors import UsageError
from sweeptree.model import Scalar, SweepSpec
from sweeptree.plan.commands import check_count
from sweeptree.plan.params import Reading, is_seed_name, read_command, typed
from sweeptree.plan.template import has_field, parse_template

Planned = tuple[str, Reading]  # a command, and what is known of its parameters


def expand_template(spec: SweepSpec, text: str) -> list[Planned]:
    """The commands of a template. Raises UsageError where grid and seeds do not fit to it."""
    template = parse_template(text)
    _check_grid(spec.grid)
    _check_names(spec, text, template.names)
    seeds: tuple[int | None, ...] = spec.seeds or (None,)
    check_count(math.prod(map(len, spec.grid.values())) * len(seeds), "grid times seeds")

    base = read_command(text)
    constants = {name: value for name, value in base.raw.items() if not has_field(str(value))}
    planned = []
    for config in _configs(spec.grid):
        raw = {**config, **constants}
        for seed in seeds:
            values = config if seed is None else {**config, "seed": str(seed)}
            known = base.seed if seed is None else seed
            reading = Reading(raw=raw, seed=known, rest=base.rest, lead=base.lead)
            planned.append((template.filled(values), reading))
    return planned


def _configs(grid: Mapping[str, tuple[Scalar, ...]]) -> Iterator[dict[str, str]]:
    """Every combination of the values, as written."""
    for values in product(*grid.values()):
        yield dict(zip(grid, map(_written, values), strict=True))


def _check_grid(grid: Mapping[str, tuple[Scalar, ...]]) -> None:
    for name, values in grid.items():
        if is_seed_name(name):
            raise UsageError(
                f"the grid holds {name}, and a seed makes no config of its own",
                hint="write {seed} in the template and give --seeds 1,2,3",
            )
        _check_values(name, values)


def _check_values(name: str, values: tuple[Scalar, ...]) -> None:
    if not values:
        raise UsageError(f"the grid gives no value for {name}", hint=f"--grid {name}=value1,value2")
    known = [typed(_written(value)) for value in values]
    distinct = {(isinstance(value, bool), value) for value in known}
    if len(distinct) < len(values):
        raise UsageError(f"the grid gives a value of {name} twice", hint="give each value once")


def _check_names(spec: SweepSpec, template: str, asked: set[str]) -> None:
    """Each name that the template asks for is given, and each that is given is used."""
    given = set(spec.grid)
    if spec.seeds:
        given.add("seed")
    missing = sorted(asked - given)
    if missing:
        raise _missing(missing[0])
    unused = sorted(given - asked)
    if "SWEEPTREE_SEED" in template and unused == ["seed"]:
        return
    if unused:
        raise UsageError(
            f"the template does not use {{{unused[0]}}}: "
            "jobs that differ in it alone would be the same command",
            hint=f"put {{{unused[0]}}} where its value belongs",
        )


def _missing(name: str) -> UsageError:
    hint = f"--grid {name}=value1,value2, or {{{{{name}}}}} for plain braces"
    if name == "seed":
        hint = "--seeds 1,2,3"
    return UsageError(f"the template asks for {{{name}}}, and nothing gives it", hint=hint)


def _written(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
