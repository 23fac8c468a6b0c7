"""What is notable about the jobs of a sweep before they run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sweeptree.model import Job, Scalar
from sweeptree.plan.shell import simple_commands

_SHOWN = 5
_LIKE_A_SEED = re.compile(r"(?i)seed|rng|random|trial|repeat|replicate|rep(?:lica)?$|run(?:_?id)?$")
_GO_ELSEWHERE = frozenset({"cd", "pushd", "git"})
_UNKNOWN = re.compile(r"[$`*?~{}]")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_BETWEEN = re.compile(r"\s*[;|]\s*|\s+")
_SEVERAL = re.compile(rf"{_NUMBER}(?:(?:\s*[;|]\s*|\s+){_NUMBER})+")
_RUNNER = re.compile(r"(?:.*/)?(?:python[\d.]*|torchrun|accelerate|deepspeed)")


def grid_remarks(grid: Mapping[str, Sequence[Scalar]]) -> list[str]:
    """Values of a grid that look like several: `1 2 3` is one value."""
    found = []
    for name, values in grid.items():
        for value in map(str, values):
            if _SEVERAL.fullmatch(value.strip()):
                several = ",".join(_BETWEEN.split(value.strip()))
                found.append(f"{value!r} is one value of {name}; for several: {name}={several}")
    return found


def remarks(jobs: Sequence[Job]) -> list[str]:
    """Commands that are given twice, and parameters that may be seeds under another name."""
    return [*_repeats(jobs), *_unknown_seeds(jobs)]


def _repeats(jobs: Sequence[Job]) -> Iterator[str]:
    first: dict[tuple[str, int | None], int] = {}
    repeats: list[str] = []
    for job in jobs:
        index = first.setdefault((job.command, job.seed), job.index)
        if index != job.index:
            repeats.append(f"job {job.index} is the same command as job {index}")
    if repeats:
        more = len(repeats) - _SHOWN
        others = f" and {more} more" if more > 0 else ""
        named = "; ".join(repeats[:_SHOWN]) + others
        yield f"{named}: a command counts once, as one run of its config (--seeds tells runs apart)"


def _unknown_seeds(jobs: Sequence[Job]) -> Iterator[str]:
    """Each parameter that is named and varies like a seed, where no job has one."""
    if any(job.seed is not None for job in jobs):
        return
    names = dict.fromkeys(name for job in jobs for name in job.params)
    for name in names:
        if _LIKE_A_SEED.search(name) and _varies_like_a_seed(jobs, name):
            yield (
                f"{name} varies like a seed, but is not known as one: each of its values makes "
                "a config of its own (name it seed, or give a --template with {seed} and --seeds)"
            )


def _varies_like_a_seed(jobs: Sequence[Job], name: str) -> bool:
    """Whether every config, this parameter left out, has the same several whole numbers of it."""
    values: dict[frozenset[tuple[str, Scalar]], set[Scalar]] = {}
    for job in jobs:
        value = job.params.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        values.setdefault(_others(job.params, name), set()).add(value)
    first, *more = values.values()
    return len(first) > 1 and all(found == first for found in more)


def _others(params: Mapping[str, Scalar], name: str) -> frozenset[tuple[str, Scalar]]:
    return frozenset(item for item in params.items() if item[0] != name)


def scripts(command: str) -> list[str]:
    """The Python scripts that a command runs, as paths from where it starts; none behind a cd."""
    commands = simple_commands(command)
    if any(words[0] in _GO_ELSEWHERE for words in commands):
        return []
    found = map(_script, commands)
    return [path for path in found if path and not _UNKNOWN.search(path)]


def _script(words: Sequence[str]) -> str | None:
    place = next((place for place, word in enumerate(words) if word.endswith(".py")), None)
    if place is None or "-m" in words[:place]:
        return None
    runs = place == 0 or any(map(_RUNNER.fullmatch, words[:place]))
    return words[place] if runs else None
