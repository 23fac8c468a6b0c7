"""What a command says about itself: its parameters and its seed.

Hides: how far a shell line is read. It is read for names only and never changed; a line that cannot
be read has no parameters, which is never an error.

Rules: `--lr 3e-4`, `--lr=3e-4`, `-n 5` and Hydra's `lr=3e-4`, `+a.b=1` are parameters; a flag
without a value is True; several numbers after a flag are one value; variables set before the
program count too, but for those of the system (CUDA_*, OMP_* ...). Only the last part that runs a
Python program is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sweeptree.model import Scalar
from sweeptree.plan.shell import simple_commands

_INT = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_ASSIGN = re.compile(r"(\+{0,2})([A-Za-z_][\w./@-]*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_FLAG = re.compile(r"--?([A-Za-z_][\w./-]*)(?:=(.*))?", re.DOTALL)
_PROGRAM = re.compile(r"(?:.*/)?(?:python[\d.]*|torchrun|accelerate|deepspeed)|.*\.py")
_SYSTEM = (
    "CUDA_",
    "NVIDIA_",
    "NCCL_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "PYTHON",
    "PATH",
    "LD_",
    "SWEEPTREE_",
    "WANDB_",
    "TF_",
)
_LAUNCHERS = ("torch.distributed", "accelerate", "deepspeed")
_SEED_NAMES = ("seed", "random_seed", "rng_seed")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read off a command.

    `raw`: parameters as written; `rest`: the words that are none of them.

    The first `lead` words of `rest` are the program and its script.
    """

    raw: Mapping[str, Scalar] = field(default_factory=dict)
    seed: int | None = None
    rest: tuple[str, ...] = ()
    lead: int = 1

    @property
    def params(self) -> dict[str, Scalar]:
        """The parameters without the seed, numbers as numbers."""
        return {name: typed(value) for name, value in self.raw.items()}


def typed(value: Scalar) -> Scalar:
    """A number or truth value when the text is one, else the text."""
    if not isinstance(value, str):
        return value
    if _INT.fullmatch(value):
        return int(value)
    if _FLOAT.fullmatch(value) and not re.match(r"[+-]?0\d", value):
        number = float(value)
        return number if abs(number) != float("inf") else value
    return {"true": True, "false": False}.get(value.lower(), value)


def read_command(command: str) -> Reading:
    """Read a command's parameters and seed.

    Never raises: an unreadable line is one word of `rest`.
    """
    commands = simple_commands(command)
    if not commands:
        return Reading(rest=(" ".join(command.split()),))
    chosen = _chosen(commands)
    others = [words for words in commands if words is not chosen]
    return _read(chosen, chain.from_iterable(others))


def _chosen(commands: Sequence[list[str]]) -> list[str]:
    """The last command that runs a Python program, else the one with most options."""
    for words in reversed(commands):
        if any(_PROGRAM.fullmatch(word) for word in words):
            return words
    return max(commands, key=_count_options)


def _count_options(words: Sequence[str]) -> int:
    return sum(1 for word in words if _ASSIGN.fullmatch(word) or _FLAG.fullmatch(word))


def _read(words: Sequence[str], others: Iterable[str]) -> Reading:
    start = _program(words)
    first = _first_argument(words, start)
    raw = _variables(words[:start])
    rest = list(words[start:first])
    _read_arguments(words[first:], raw, rest)
    seed = _take_seed(raw)
    return Reading(raw=raw, seed=seed, rest=(*rest, *others), lead=first - start)


def _program(words: Sequence[str]) -> int:
    """Where the program stands: behind `env` and the variables that are set for it."""
    for index, word in enumerate(words):
        if word != "env" and not _VARIABLE.fullmatch(word):
            return index
    return len(words)


def _variables(words: Sequence[str]) -> dict[str, Scalar]:
    """The variables that are set before the program, but for those of the system."""
    found: dict[str, Scalar] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals and not name.startswith(_SYSTEM):
            found[name] = value
    return found


def _first_argument(words: Sequence[str], start: int) -> int:
    """Where the script's own arguments begin: behind `x.py`, `-m module`, or else the program."""
    script = _script(words, start)
    for index in range(start, min(script, len(words) - 1)):
        if words[index] == "-m" and not words[index + 1].startswith(_LAUNCHERS):
            return index + 2
    if script == len(words):
        return min(start + 1, len(words))
    return script + 1


def _script(words: Sequence[str], start: int) -> int:
    for index in range(start, len(words)):
        if words[index].endswith(".py"):
            return index
    return len(words)


def _read_arguments(words: Sequence[str], raw: dict[str, Scalar], rest: list[str]) -> None:
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if flag := _FLAG.fullmatch(word):
            values = _values_after(words, index) if flag[2] is None else ()
            index += len(values)
            _add(raw, flag[1], _flag_value(flag[2], values))
        elif pair := _ASSIGN.fullmatch(word):
            _add(raw, pair[2], pair[3])
        elif word != "--":
            rest.append(word)


def _flag_value(attached: str | None, following: Sequence[str]) -> Scalar:
    if attached is not None:
        return attached
    return " ".join(following) if following else True


def _values_after(words: Sequence[str], index: int) -> Sequence[str]:
    """The value of a flag: the next word if it is no option, or all the numbers that follow."""
    end = index
    while end < len(words) and _FLOAT.fullmatch(words[end]):
        end += 1
    has_number = end > index
    if not has_number and end < len(words) and not _is_option(words[end]):
        end += 1
    return words[index:end]


def _is_option(word: str) -> bool:
    return word.startswith("-") or _ASSIGN.fullmatch(word) is not None


def _add(raw: dict[str, Scalar], name: str, value: Scalar) -> None:
    raw[name] = f"{raw[name]} {value}" if name in raw else value


def is_seed_name(name: str) -> bool:
    """True for seed, random_seed, rng_seed and SEED, also as the last part of a dotted name."""
    return name.rpartition(".")[2].lower().replace("-", "_") in _SEED_NAMES


def _take_seed(raw: dict[str, Scalar]) -> int | None:
    names = [name for name in raw if is_seed_name(name)]
    for name in names:
        value = typed(raw[name])
        if isinstance(value, int) and not isinstance(value, bool):
            del raw[name]
            return value
    return None
