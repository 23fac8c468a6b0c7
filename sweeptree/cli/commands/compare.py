"""`sweeptree compare`: sweeps, or configs of one, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

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
from sweeptree.analysis.document import Document, read_document
from sweeptree.analysis.stats import Objective, enough_runs, least_p, mean, std
from sweeptree.analysis.wording import mean_and_std, short_p, signed
from sweeptree.cli.commands.show import check_fresh
from sweeptree.cli.find import find_readable
from sweeptree.cli.screens.boards import ranked_by
from sweeptree.cli.screens.terminal import (
    Column,
    printable,
    shorten,
    table,
    width,
    write_out,
)
from sweeptree.errors import UsageError

_SHOWN = 40
_SEEDS = 10
_SHOWN_NAMES = 8


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
    """Compare sweeps, or configs of one, with the first: difference, interval and exact test.

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
    documents = {name: _read(name, results_dir) for name in dict.fromkeys(w.sweep for w in words)}
    found = _compared(words, documents, by)
    if not mix_data:
        check_data(found.sides)
    against = contrasts([(found.chosen[0], other) for other in found.chosen[1:]])
    shared = contrasts(found.pairs) if found.pairs else []
    if as_json:
        document = comparison_document(found.goal, found.chosen, against, shared)
        write_out(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        write_out("\n".join(_screen(found, against, shared)) + "\n")
    return 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A side as it was named; no config: the sweep's best one."""

    sweep: str
    config: str | None


@dataclass(frozen=True, slots=True)
class _Compared:
    """What is compared by `goal`: the sides, and the pairs of configs that the sweeps share."""

    goal: Objective
    chosen: Sequence[Side]
    pairs: Sequence[tuple[Side, Side]]

    @property
    def sides(self) -> list[Side]:
        """All that is compared with something."""
        return [*self.chosen, *(side for pair in self.pairs for side in pair)]


def _compared(
    words: Sequence[_Wanted], documents: Mapping[str, Document], by: str | None
) -> _Compared:
    goal = common_objective({name: ranked_by(doc, by) for name, doc in documents.items()})
    known = {name: sides(name, document, goal) for name, document in documents.items()}
    chosen = [_pick(known[wanted.sweep], wanted, goal) for wanted in words]
    are_whole_sweeps = all(wanted.config is None for wanted in words)
    pairs = shared_pairs(list(known.values())) if are_whole_sweeps and len(known) > 1 else []
    return _Compared(goal, chosen, pairs)


def _words(given: Sequence[str], configs: Sequence[str]) -> list[_Wanted]:
    if configs:
        if len(given) > 1 or len(configs) < 2:
            raise UsageError(
                "--config goes with one sweep and is given twice or more",
                hint=f"sweeptree compare {given[0]} --config lr=0.001 --config lr=0.01",
            )
        return [_Wanted(given[0], name) for name in configs]
    if len(given) < 2:
        raise UsageError(
            "there is nothing to compare it with",
            hint=(
                f"sweeptree compare {given[0]} ANOTHER",
                f"sweeptree compare {given[0]} --config A --config B",
            ),
        )
    return [_wanted(word) for word in given]


def _wanted(word: str) -> _Wanted:
    sweep, _, config = word.partition(":")
    return _Wanted(sweep, config or None)


def _read(name: str, results_dir: Path | None) -> Document:
    paths = find_readable(name, results_dir)
    check_fresh(paths)
    return read_document(paths)


def _pick(known: Mapping[str, Side], wanted: _Wanted, goal: Objective) -> Side:
    sweep = wanted.sweep
    if not known:
        raise UsageError(
            f"no config of {sweep} has the metric {goal.name!r}", hint=f"sweeptree show {sweep}"
        )
    if wanted.config is None:
        return next(iter(known.values()))
    if wanted.config not in known:
        names = ", ".join(list(known)[:_SHOWN_NAMES])
        raise UsageError(
            f"{sweep} has no config {wanted.config!r} with {goal.name}", hint=f"it has {names}"
        )
    return known[wanted.config]


def _screen(found: _Compared, against: Sequence[Contrast], shared: Sequence[Contrast]) -> list[str]:
    room, goal = width(), found.goal
    lines = [f"{goal.name}, {goal.better} is better; the first is the reference", ""]
    lines += [*_sides(found.chosen, against, room), ""]
    lines += _differs(found.chosen, room)
    lines += [*_per_seed(goal, against, room), *_p_lines(against)]
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
    ends = " .. ".join(map(signed, found.ci95 or ()))
    return [signed(found.delta), ends, short_p(found.p_holm)]


def _spread(side: Side) -> str:
    values = list(side.values.values())
    return mean_and_std(mean(values), std(values))


def _differs(chosen: Sequence[Side], room: int) -> list[str]:
    """Parameters, commits, data and commands, side by side."""
    lines = _differing_parameters(chosen, room)
    lines.append(_line("commit", _commits(chosen), room))
    if len({side.data for side in chosen}) > 1:
        lines.append(_line("data", " | ".join(map(_data, chosen)), room))
    if len({side.command for side in chosen}) > 1:
        lines += [_line("command", printable(side.command), room) for side in chosen]
    return lines


def _differing_parameters(chosen: Sequence[Side], room: int) -> list[str]:
    lines = []
    written = [side.written() for side in chosen]
    for name in differing(chosen):
        values = [_value(params.get(name)) for params in written]
        lines.append(_line("differs", f"{name} {' | '.join(values)}", room))
    return lines


def _commits(chosen: Sequence[Side]) -> str:
    commits = [side.commit[:7] or "unknown" for side in chosen]
    return f"the same, {commits[0]}" if len(set(commits)) == 1 else " | ".join(commits)


def _data(side: Side) -> str:
    return " ".join(digest[:12] for digest in side.data) or "not named"


def _value(value: object) -> str:
    return "-" if value is None else printable(value)


def _line(label: str, text: str, room: int) -> str:
    return shorten(f"  {label:<10}{text}", room)


def _per_seed(goal: Objective, against: Sequence[Contrast], room: int) -> list[str]:
    several = [found for found in against if len(found.per_seed) > 1]
    return [_line("per seed", _seeds(goal, found.per_seed), room) for found in several]


def _seeds(goal: Objective, per_seed: Mapping[str, float]) -> str:
    """The differences, and for how many seeds the other side is better."""
    shown = list(per_seed.items())[:_SEEDS]
    deltas = "   ".join(f"{seed} {signed(delta)}" for seed, delta in shown)
    better = sum(goal.cost(delta) < 0 for delta in per_seed.values())
    return f"{deltas}   {better} of {len(per_seed)} better"


def _p_lines(found: Sequence[Contrast]) -> list[str]:
    """What p is, and how low it can be with so few runs."""
    least = least_p([one.p_floor for one in found])
    test = f"{found[0].test} of the runs, unpaired, Holm-adjusted"
    lines = [f"  p: {test}; no less than {short_p(least)} is possible here"]
    if least >= 0.05:
        enough = f"{enough_runs(len(found))} runs on each side could"
        lines.append(f"  so few runs cannot show p < 0.05; {enough}")
    return lines


def _shared(shared: Sequence[Contrast], room: int) -> list[str]:
    columns = [
        Column("config", flexible=True),
        Column("with", flexible=True),
        Column("difference", right=True),
        Column("95% CI", rank=2),
        Column("n", rank=1),
        Column("p"),
    ]
    rows = [_shared_row(one) for one in shared[:_SHOWN]]
    more = [f"  {len(shared) - _SHOWN} more are in --json"] if len(shared) > _SHOWN else []
    return table(columns, rows, room) + more


def _shared_row(found: Contrast) -> list[str]:
    sweep, _, config = found.b.partition(":")
    difference, ends, p = _cells(found)
    runs = "+".join(map(str, found.n))
    return [printable(config), sweep, difference, ends, runs, p]
