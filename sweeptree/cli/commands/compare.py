"""`sweeptree compare`: sweeps, or configs of one, side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sweeptree.analysis.compare import (
    Contrast,
    Side,
    check_data,
    common_objective,
    comparison_document,
    contrasts,
    differing,
    shared_pairs,
    sides,
)
from sweeptree.analysis.stats import Objective, enough_runs, least_p, mean, std
from sweeptree.cli.commands.show import LIMIT, check_fresh
from sweeptree.cli.find import find_sweep
from sweeptree.cli.screens.boards import ranked_by
from sweeptree.cli.screens.terminal import (
    Column,
    number,
    printable,
    shorten,
    table,
    width,
    write_out,
)
from sweeptree.errors import UsageError
from sweeptree.records import read_json

_SHOWN = 40
_SEEDS = 10


def compare(
    first: str,
    /,
    *more: str,
    config: tuple[str, ...] = (),
    by: str | None = None,
    mix_data: Annotated[bool, Parameter(negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    results_dir: Path | None = None,
) -> int:
    """Compare sweeps, or configs of one, with the first: the difference, its interval, and an exact
    test.

    Parameters
    ----------
    first
        A sweep (its best config stands for it), or one of its configs as EXP:CONFIG.
    more
        What to compare with it.
    config
        With a single sweep: the configs to compare, the first is the reference.
    by
        Compare by this metric; name:min or name:max says which way is better.
    mix_data
        Compare also what ran on different versions of the dataset.
    as_json
        Print one JSON document.
    results_dir
        Where results stand; default: results/ at the top of the repository.
    """
    words = _words((first, *more), config)
    names = {name: None for name, _ in words}
    documents = {name: _read(name, results_dir) for name in names}
    goal = common_objective({name: ranked_by(document, by) for name, document in documents.items()})
    known = {name: sides(name, document, goal) for name, document in documents.items()}
    chosen = [_pick(known[name], name, wanted, goal) for name, wanted in words]
    whole = all(wanted is None for _, wanted in words)
    pairs = shared_pairs(list(known.values())) if whole and len(known) > 1 else []
    if not mix_data:
        check_data([*chosen, *(side for pair in pairs for side in pair)])
    against = contrasts([(chosen[0], other) for other in chosen[1:]])
    shared = contrasts(pairs) if pairs else []
    if as_json:
        write_out(
            json.dumps(comparison_document(goal, chosen, against, shared), ensure_ascii=False)
            + "\n"
        )
    else:
        write_out("\n".join(_screen(goal, chosen, against, shared)) + "\n")
    return 0


def _words(given: Sequence[str], configs: Sequence[str]) -> list[tuple[str, str | None]]:
    """(sweep, config) of each side; no config: the best one."""
    if configs:
        if len(given) > 1 or len(configs) < 2:
            raise UsageError(
                "--config goes with one sweep and is given twice or more",
                hint=f"sweeptree compare {given[0]} --config lr=0.001 --config lr=0.01",
            )
        return [(given[0], name) for name in configs]
    if len(given) < 2:
        raise UsageError(
            "there is nothing to compare it with",
            hint=(
                f"sweeptree compare {given[0]} ANOTHER",
                f"sweeptree compare {given[0]} --config A --config B",
            ),
        )
    return [(name, wanted or None) for name, _, wanted in (word.partition(":") for word in given)]


def _read(name: str, results_dir: Path | None) -> dict[str, Any]:
    paths = find_sweep(name, results_dir)
    check_fresh(paths)
    return read_json(paths.aggregated_json, limit=LIMIT)


def _pick(known: dict[str, Side], sweep: str, wanted: str | None, goal: Objective) -> Side:
    if not known:
        raise UsageError(
            f"no config of {sweep} has the metric {goal.name!r}", hint=f"sweeptree show {sweep}"
        )
    if wanted is None:
        return next(iter(known.values()))
    if wanted not in known:
        names = ", ".join(list(known)[:8])
        raise UsageError(
            f"{sweep} has no config {wanted!r} with {goal.name}", hint=f"it has {names}"
        )
    return known[wanted]


def _screen(
    goal: Objective, chosen: Sequence[Side], against: Sequence[Contrast], shared: Sequence[Contrast]
) -> list[str]:
    room = width()
    better = "less" if goal.goal == "min" else "more"
    lines = [
        f"{goal.name}, {better} is better; the first is the reference",
        "",
        *_sides(chosen, against, room),
    ]
    lines += ["", *_differs(chosen, room), *_per_seed(goal, against, room), *_p_lines(against)]
    if shared:
        lines += ["", "  the same configs", *_shared(shared, room), *_p_lines(shared)]
    return [printable(line) for line in lines]


def _sides(chosen: Sequence[Side], against: Sequence[Contrast], room: int) -> list[str]:
    columns = [
        Column("sweep", flexible=True),
        Column("config", flexible=True),
        Column("mean"),
        Column("n", right=True),
        Column("difference", right=True),
        Column("95% CI", rank=2),
        Column("p"),
    ]
    rows = []
    for place, side in enumerate(chosen):
        cells = _cells(against[place - 1]) if place else ["-", "", ""]
        rows.append(
            [side.sweep, printable(side.config), _spread(side), str(len(side.values)), *cells]
        )
    return table(columns, rows, room)


def _cells(found: Contrast) -> list[str]:
    ends = f"{_signed(found.ci95[0])} .. {_signed(found.ci95[1])}" if found.ci95 else ""
    return [_signed(found.delta), ends, f"{found.p_holm:.2g}"]


def _spread(side: Side) -> str:
    values = list(side.values.values())
    deviation = std(values)
    return number(mean(values)) + ("" if deviation is None else f" ± {number(deviation)}")


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "-") + number(abs(value))


def _differs(chosen: Sequence[Side], room: int) -> list[str]:
    """Parameters, commits and commands, side by side."""
    told = [
        f"{name} {' | '.join(_value(one) for one in row)}"
        for name, row in differing(chosen).items()
    ]
    lines = [_line("differs", text, room) for text in told]
    commits = [side.commit[:7] or "unknown" for side in chosen]
    same = len(set(commits)) == 1
    lines.append(_line("commit", f"the same, {commits[0]}" if same else " | ".join(commits), room))
    if len({side.data for side in chosen}) > 1:
        lines.append(
            _line(
                "data",
                " | ".join(" ".join(d[:12] for d in side.data) or "not named" for side in chosen),
                room,
            )
        )
    if len({side.command for side in chosen}) > 1:
        lines += [_line("command", printable(side.command), room) for side in chosen]
    return lines


def _value(value: object) -> str:
    return "-" if value is None else printable(value)


def _line(label: str, text: str, room: int) -> str:
    return shorten(f"  {label:<10}{text}", room)


def _per_seed(goal: Objective, against: Sequence[Contrast], room: int) -> list[str]:
    lines = []
    for found in against:
        seeds = list(found.per_seed.items())
        if len(seeds) > 1:
            told = "   ".join(f"{seed} {_signed(delta)}" for seed, delta in seeds[:_SEEDS])
            better = sum(delta < 0 if goal.goal == "min" else delta > 0 for _, delta in seeds)
            lines.append(_line("per seed", f"{told}   {better} of {len(seeds)} better", room))
    return lines


def _p_lines(found: Sequence[Contrast]) -> list[str]:
    """What p is, and how low it can be with so few runs."""
    least = least_p([one.p_floor for one in found])
    line = f"  p: {found[0].test} of the runs, unpaired, Holm-adjusted; no less than {least:.2g} is possible here"
    if least < 0.05:
        return [line]
    return [
        line,
        f"  so few runs cannot show p < 0.05; {enough_runs(len(found))} runs on each side could",
    ]


def _shared(shared: Sequence[Contrast], room: int) -> list[str]:
    columns = [
        Column("config", flexible=True),
        Column("with", flexible=True),
        Column("difference", right=True),
        Column("95% CI", rank=2),
        Column("n", rank=1),
        Column("p"),
    ]
    rows = []
    for one in shared[:_SHOWN]:
        sweep, _, config = one.b.partition(":")
        rows.append(
            [printable(config), sweep, *_cells(one)[:2], f"{one.n[0]}+{one.n[1]}", _cells(one)[2]]
        )
    more = [f"  {len(shared) - _SHOWN} more are in --json"] if len(shared) > _SHOWN else []
    return table(columns, rows, room) + more
