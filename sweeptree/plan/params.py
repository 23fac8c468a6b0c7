"""What a command says about itself: its parameters and its seed.

Hides: how far a shell line is read. It is read for names only and never changed; a line that cannot
be read has no parameters, which is never an error.

Rules: `--lr 3e-4`, `--lr=3e-4`, `-n 5` and Hydra's `lr=3e-4`, `+a.b=1` are parameters; a flag
without a value is True; several numbers after a flag are one value; variables set before the
program count too, but for those of the system (CUDA_*, OMP_* ...). Of a line with several programs
(`prep ... && train ...`, `bash -lc '...'`) all are read, but for the shell's tools (cd, tee ...); a
parameter that two of them have is named after its program (`prep.lr`, `train.lr`). The seed is that
of the last program that has one.

A number is one where nothing of its spelling is lost: 1.10, 010 and 19 digits stay texts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePath

from sweeptree.model import Scalar
from sweeptree.plan.shell import Quoted, simple_commands

_INT = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
_LOSSY = re.compile(r"[+-]?(?:0\d.*|\d*\.\d+0)")
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_ASSIGN = re.compile(r"(\+{0,2})([A-Za-z_][\w./@-]*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_FLAG = re.compile(r"--?([A-Za-z_][\w./-]*)(?:=(.*))?", re.DOTALL)
_PROGRAM = re.compile(r"(?:.*/)?(?:python[\d.]*|torchrun|accelerate|deepspeed)|.*\.py")
_TOOLS = frozenset(
    {
        *("awk", "cat", "cd", "conda", "cp", "curl", "date", "echo", "exit", "export", "false"),
        *("git", "grep", "gzip", "head", "kill", "ln", "ls", "mkdir", "module", "mv", "nvidia-smi"),
        *("pip", "printf", "pwd", "rm", "rsync", "sed", "set", "sleep", "sort", "source", "tail"),
        *("tar", "tee", "test", "touch", "true", "ts", "ulimit", "umask", "unset", "unzip"),
        *("wait", "wc", "wget", "[", "[[", "."),
    }
)
_FILE_NAME = re.compile(r".*\.[A-Za-z]\w{1,7}")
_MODE_FLAGS = ("m", "multirun")  # Hydra's, which take no value
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
_SEED_NAMES = ("seed", "randomseed", "rngseed", "seedeverything", "manualseed", "randomstate")


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
    if _FLOAT.fullmatch(value):
        number = float(value)
        return number if _is_exact(value, number) else value
    return {"true": True, "false": False}.get(value.lower(), value)


def _is_exact(text: str, number: float) -> bool:
    """Whether the number says all that the text does: 1.10 may be a version that follows 1.9."""
    if not math.isfinite(number) or _LOSSY.fullmatch(text):
        return False
    return Decimal(repr(number)) == Decimal(text)


def read_command(command: str) -> Reading:
    """Read a command's parameters and seed.

    Never raises: an unreadable line is one word of `rest`.
    """
    commands = simple_commands(command)
    if not commands:
        return Reading(rest=(" ".join(command.split()),))
    programs, tools = _told_apart(commands)
    return _joined(list(map(_read, programs)), tools)


def _told_apart(commands: Sequence[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """The programs and the shell's tools; where there are only tools, one is the program."""
    programs = [words for words in commands if not _is_tool(words)]
    if not programs:
        programs = [max(commands, key=_count_options)]
    return programs, [words for words in commands if words not in programs]


def _is_tool(words: Sequence[str]) -> bool:
    """Whether a command of the shell stands there, and not what a sweep is about."""
    start = _program(words)
    return start < len(words) and PurePath(words[start]).name in _TOOLS


def _count_options(words: Sequence[str]) -> int:
    return sum(1 for word in words if _ASSIGN.fullmatch(word) or _FLAG.fullmatch(word))


def _read(words: Sequence[str]) -> Reading:
    start = _program(words)
    first = _first_argument(words, start)
    raw = _variables(words[:start])
    rest = list(words[start:first])
    _read_arguments(words[first:], raw, rest)
    return Reading(raw=raw, rest=tuple(rest), lead=first - start)


def _joined(readings: Sequence[Reading], tools: Iterable[Sequence[str]]) -> Reading:
    """One reading of all programs of a line; the main one, the last, stands first in `rest`."""
    seed = _seed(readings)
    raws = [_without_seed(reading.raw, seed) for reading in readings]
    *others, main = readings
    rest = list(main.rest)
    for words in (*(reading.rest for reading in others), *tools):
        rest += words
    return Reading(raw=_named_apart(readings, raws), seed=seed, rest=tuple(rest), lead=main.lead)


def _seed(readings: Sequence[Reading]) -> int | None:
    """The seed of the last program that has one."""
    for reading in reversed(readings):
        for name, value in reading.raw.items():
            if is_seed_name(name) and _is_whole(typed(value)):
                return int(value)
    return None


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _without_seed(raw: Mapping[str, Scalar], seed: int | None) -> dict[str, Scalar]:
    """The parameters but for the names of seeds that have this value."""
    return {
        name: value
        for name, value in raw.items()
        if seed is None or not (is_seed_name(name) and typed(value) == seed)
    }


def _named_apart(
    readings: Sequence[Reading], raws: Sequence[Mapping[str, Scalar]]
) -> dict[str, Scalar]:
    """All parameters; those that several programs have, after the program's name and a point."""
    shared = Counter(name for reading in readings for name in reading.raw)
    found: dict[str, Scalar] = {}
    for reading, raw in zip(readings, raws, strict=True):
        for name, value in raw.items():
            full = name if shared[name] == 1 else f"{_program_name(reading)}.{name}"
            _add(found, full, value)
    return found


def _program_name(reading: Reading) -> str:
    """`prep` of `python scripts/prep.py`."""
    return PurePath(reading.rest[reading.lead - 1]).stem if reading.rest else "env"


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
            is_alone = flag[2] is not None or flag[1] in _MODE_FLAGS
            values = () if is_alone else _values_after(words, index, raw)
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


def _values_after(words: Sequence[str], index: int, raw: Mapping[str, Scalar]) -> Sequence[str]:
    """The value of a flag: the next word if it is no option, or all the numbers that follow."""
    end = index
    while end < len(words) and _FLOAT.fullmatch(words[end]):
        end += 1
    has_number = end > index
    if not has_number and end < len(words) and not _is_option(words[end], raw):
        end += 1
    return words[index:end]


def _is_option(word: str, raw: Mapping[str, Scalar]) -> bool:
    """Whether a word after a flag is an option of its own: `--amp lr=1`, `--amp --lr 1`."""
    if word.startswith("-"):
        return True
    pair = _ASSIGN.fullmatch(word)
    if pair is None:
        return False
    is_override = bool(pair[1])
    return is_override or not (isinstance(word, Quoted) or pair[2] in raw or _is_path(pair))


def _is_path(pair: re.Match[str]) -> bool:
    """ck/epoch=9-step=80.ckpt is a file, not a parameter `ck/epoch`."""
    name, value = pair[2], pair[3]
    is_file = "." not in name and _FILE_NAME.fullmatch(value) is not None
    return "/" in name or "=" in value or is_file


def _add(raw: dict[str, Scalar], name: str, value: Scalar) -> None:
    raw[name] = f"{raw[name]} {value}" if name in raw else value


def is_seed_name(name: str) -> bool:
    """True for seed, random_seed, manualSeed, SEED ..., also as the end of a dotted name."""
    last = name.rpartition(".")[2].lower()
    return last.replace("-", "").replace("_", "") in _SEED_NAMES
