"""What a command says about itself: its parameters, its seed, and the config it belongs to.

Hides: how far a shell line is read. It is read for names only and never changed; a line that cannot
be read has no parameters, which is never an error.

Rules: `--lr 3e-4`, `--lr=3e-4`, `-n 5` and Hydra's `lr=3e-4`, `+a.b=1` are parameters; a flag
without a value is True; several numbers after a flag are one value; variables set before the
program count too, but for those of the system (CUDA_*, OMP_* ...). Only the last part that runs a
Python program is read.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sweeptree.model import Scalar

MAX_CONFIG_ID = 80
_PLAIN = re.compile(r"[^'\"\\;&|()<>`$#\n]*")
_TOKEN = re.compile(
    r"""[ \t\r]*(?:
        (?P<redirect>\d*(?:<<<|<<|>>|<>|[<>])&?[ \t]*(?:[^\s;&|()<>]+)?|&>>?[ \t]*[^\s;&|()<>]+)
      | (?P<cut>&&|\|\||[;&|()\n])
      | (?P<word>(?:\$\([^()]*\)|`[^`]*`|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"\\;&|()<>`])+)
    )""",
    re.VERBOSE | re.DOTALL,
)
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
    parts = _parts(command)
    if not parts:
        return Reading(rest=(" ".join(command.split()),))
    chosen = _chosen(parts)
    before = [word for part in parts if part is not chosen for word in part]
    raw, rest, lead = _read_part(chosen)
    seed = _take_seed(raw)
    return Reading(raw=raw, seed=seed, rest=(*rest, *before), lead=lead)


def _parts(command: str) -> list[list[str]]:
    """The words of each simple command of a line; nothing when the quotes do not match."""
    if _PLAIN.fullmatch(command):
        words = command.split()
        return [words] if words else []
    parts: list[list[str]] = [[]]
    position, end = 0, len(command.rstrip())
    while position < end:
        match = _TOKEN.match(command, position)
        if not match or match.end() == position:
            return []
        position = match.end()
        if match["cut"]:
            parts.append([])
        elif match["word"]:
            if match["word"].startswith("#"):
                break
            parts[-1].append(_unquoted(match["word"]))
    return [part for part in parts if part]


def _unquoted(word: str) -> str:
    if not any(mark in word for mark in "'\"\\"):
        return word
    try:
        return " ".join(shlex.split(word))
    except ValueError:
        return word


def _chosen(parts: Sequence[list[str]]) -> list[str]:
    for part in reversed(parts):
        if any(_PROGRAM.fullmatch(word) for word in part):
            return part
    return parts[0] if len(parts) == 1 else max(parts, key=lambda part: sum(map(_is_option, part)))


def _is_option(word: str) -> bool:
    return bool(_ASSIGN.fullmatch(word) or (_FLAG.fullmatch(word)))


def _read_part(words: Sequence[str]) -> tuple[dict[str, Scalar], list[str], int]:
    raw: dict[str, Scalar] = {}
    start = 0
    while start < len(words) and (words[start] == "env" or _VARIABLE.fullmatch(words[start])):
        if (match := _VARIABLE.fullmatch(words[start])) and not match[1].startswith(_SYSTEM):
            raw[match[1]] = match[2]
        start += 1
    first = _first_argument(words, start)
    rest = list(words[start:first])
    _read_arguments(words[first:], raw, rest)
    return raw, rest, first - start


def _first_argument(words: Sequence[str], start: int) -> int:
    """Where the script's own arguments begin: behind `x.py` or `-m module`, else behind the
    program."""
    script = next((i for i in range(start, len(words)) if words[i].endswith(".py")), len(words))
    for index in range(start, min(script, len(words) - 1)):
        if words[index] == "-m" and not words[index + 1].startswith(_LAUNCHERS):
            return index + 2
    return script + 1 if script < len(words) else min(start + 1, len(words))


def _read_arguments(words: Sequence[str], raw: dict[str, Scalar], rest: list[str]) -> None:
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if flag := _FLAG.fullmatch(word):
            value: Scalar
            if flag[2] is not None:
                value = flag[2]
            else:
                taken = _values_after(words, index)
                index += len(taken)
                value = " ".join(taken) if taken else True
            _add(raw, flag[1], value)
        elif pair := _ASSIGN.fullmatch(word):
            _add(raw, pair[2], pair[3])
        elif word != "--":
            rest.append(word)


def _values_after(words: Sequence[str], index: int) -> list[str]:
    """The value of a flag: the next word if it is no option, and the numbers behind it if it is a
    number."""
    taken: list[str] = []
    while index < len(words):
        word = words[index]
        number = bool(_FLOAT.fullmatch(word))
        if not number and (taken or word.startswith("-") or _ASSIGN.fullmatch(word)):
            break
        taken.append(word)
        index += 1
        if not number:
            break
    return taken


def _add(raw: dict[str, Scalar], name: str, value: Scalar) -> None:
    raw[name] = f"{raw[name]} {value}" if name in raw else value


def is_seed_name(name: str) -> bool:
    """True for seed, random_seed, rng_seed and SEED, also as the last part of a dotted name."""
    return name.rpartition(".")[2].lower().replace("-", "_") in _SEED_NAMES


def _take_seed(raw: dict[str, Scalar]) -> int | None:
    for name in [name for name in raw if is_seed_name(name)]:
        value = typed(raw[name])
        if isinstance(value, int) and not isinstance(value, bool):
            del raw[name]
            return value
    return None


def config_ids(readings: Sequence[Reading]) -> list[str]:
    """The config of each job: readable, the same for all seeds, distinct for distinct parameters.

    Only what varies over the sweep is named (`lr=3e-4`); where nothing varies, everything is. At
    most 80 characters; longer or colliding names end in eight digits of a hash.
    """
    keys = [_identity(reading) for reading in readings]
    firsts: dict[tuple[object, ...], int] = {}
    for index, key in enumerate(keys):
        firsts.setdefault(key, index)
    kinds = [readings[index] for index in firsts.values()]
    varying = _varying(kinds)
    common = (
        set(kinds[0].rest).intersection(*(kind.rest for kind in kinds)) if len(kinds) > 1 else set()
    )
    if not any(kind.raw for kind in kinds):
        common = set()  # no parameter anywhere: `sleep 3` says more than `3`
    labels: dict[tuple[object, ...], str] = {}
    taken: set[str] = set()
    for key, kind in zip(firsts, kinds, strict=True):
        label = _label(kind, varying, common, alone=len(kinds) == 1)
        if len(label) > MAX_CONFIG_ID or label in taken:
            digest = hashlib.sha256(repr(key).encode("utf-8", "backslashreplace")).hexdigest()[:8]
            label = f"{label[: MAX_CONFIG_ID - 9]}-{digest}"
        taken.add(label)
        labels[key] = label
    return [labels[key] for key in keys]


def _identity(reading: Reading) -> tuple[object, ...]:
    named = sorted((name, _comparable(value, reading.seed)) for name, value in reading.raw.items())
    rest = tuple(_without_seed(word, reading.seed) for word in reading.rest)
    return (*((name, *value) for name, value in named), rest)


def _comparable(value: Scalar, seed: int | None) -> tuple[str, Scalar]:
    """Numbers compare as numbers (3e-4 is 0.0003), truth values and texts only with their like."""
    known = typed(value)
    if isinstance(known, bool):
        return "truth", known
    return ("text", _without_seed(known, seed)) if isinstance(known, str) else ("number", known)


@lru_cache(maxsize=1024)
def _seed_pattern(seed: int) -> re.Pattern[str]:
    return re.compile(rf"(?i)((?<![a-z0-9])(?:seed|s)[_=-]?)0*{seed}(?!\d)|(?<=/)0*{seed}(?=/|$)")


def _without_seed(text: str, seed: int | None) -> str:
    """Take the seed out of names such as runs/lr3e-4_seed1, which would make every seed a config of
    its own."""
    if seed is None or str(seed) not in text:
        return text
    return _seed_pattern(seed).sub(lambda match: match[1] or "", text)


def _varying(kinds: Sequence[Reading]) -> set[str]:
    names = {name for kind in kinds for name in kind.raw}
    seen: dict[str, set[object]] = {name: set() for name in names}
    for kind in kinds:
        for name in names:
            seen[name].add(_comparable(kind.raw[name], kind.seed) if name in kind.raw else None)
    return {name for name, values in seen.items() if len(values) > 1}


def _label(kind: Reading, varying: set[str], common: set[str], *, alone: bool) -> str:
    names = [name for name in kind.raw if alone or name in varying]
    words = [_shown(name, kind.raw[name], kind.seed) for name in names]
    others = (
        kind.rest[kind.lead :] if alone else tuple(word for word in kind.rest if word not in common)
    )
    rest = tuple(_without_seed(word, kind.seed) for word in others)
    text = ",".join(words) if alone and words else " ".join(filter(None, (",".join(words), *rest)))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text or ("default" if not alone else " ".join(kind.rest[: kind.lead]) or "default")


def _shown(name: str, value: Scalar, seed: int | None) -> str:
    if isinstance(value, bool):
        return name if value else f"{name}=false"
    return f"{name}={_without_seed(str(value), seed)}"
