"""How a value is written as text: 2h, 18G, 1-5, lr=1e-3,3e-4.

Hides: that a field which has such a form takes it everywhere: on the command line, in a spec file,
in a form of the Prefect UI.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sweeptree.errors import UsageError
from sweeptree.model.values import MAX_COMMANDS

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_DURATION = re.compile(r"(?:[\d.]+d)?(?:[\d.]+h)?(?:[\d.]+m)?(?:[\d.]+s)?")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([GM])(?:i?B)?", re.IGNORECASE)
_SEEDS = re.compile(r"(-?\d{1,18})(?:-(\d{1,18}))?")
_JOBS = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")
_NULL = {"type": "null"}
_PARAMETER = re.compile(r"[A-Za-z_][\w.-]*")


@dataclass(frozen=True, slots=True)
class TextForm:
    """Marks a field that may be given as text too: what reads it, and what a plain number means.

    A field that may be given in several texts (`several`) takes a list of them as well.
    """

    read: Callable[..., object]
    unit: str = ""
    several: bool = False

    def value(self, given: object) -> object:
        """What the text means; anything else as it is."""
        texts = self._texts(given)
        if not texts:
            return given
        try:
            return self.read(*texts)
        except UsageError as error:
            raise _invalid(error) from error

    def _texts(self, given: object) -> list[str]:
        if isinstance(given, str):
            return [given]
        if not self.several or not isinstance(given, list | tuple):
            return []
        texts = [text for text in given if isinstance(text, str)]
        return texts if len(texts) == len(given) else []

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.value, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        plain = handler(schema)
        if handler.mode == "serialization":
            return plain
        forms = [self._titled(form) for form in plain.get("anyOf", [plain])]
        last = [form for form in forms if form == _NULL]
        first = [form for form in forms if form != _NULL]
        return {"anyOf": [*first, *self._text_schemas(), *last]}

    def _titled(self, form: JsonSchemaValue) -> JsonSchemaValue:
        is_number = form.get("type") in ("number", "integer")
        return {**form, "title": self.unit} if is_number and self.unit else form

    def _text_schemas(self) -> list[JsonSchemaValue]:
        text: JsonSchemaValue = {"type": "string"}
        return [text, {"type": "array", "items": text}] if self.several else [text]


def _invalid(error: UsageError) -> PydanticCustomError:
    """The error as pydantic reports it: `what` and `hint` are also there one by one."""
    hint = "; ".join(error.hint)
    text = "{what}; {hint}" if hint else "{what}"
    return PydanticCustomError("text", text, {"what": error.message, "hint": hint})


def shorten(text: str, limit: int = 80) -> str:
    """The text, cut in the middle when it is longer than `limit`."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]} ... {text[-limit // 2 + 5 :]}"


def parse_duration(text: str) -> float:
    """Seconds of '90s', '2h', '1h30m', '1.5h', '1d' or a plain number of seconds."""
    compact = text.strip().lower().replace(" ", "")
    if compact[-1:].isdigit():
        compact += "s"
    seconds = _seconds(compact) if _DURATION.fullmatch(compact) else 0.0
    if not 0 < seconds < math.inf:
        raise UsageError(f"{shorten(text)!r} is no duration", hint="write 90s, 30m, 2h or 1h30m")
    return seconds


def _seconds(text: str) -> float:
    parts = _PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def parse_mebibytes(text: str) -> int:
    """MiB of a text like 18G, 900M or 1.5GiB: one G is 1024 M, as GPUs count; 0 needs no unit."""
    if text.strip() == "0":
        return 0
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{shorten(text)!r} is no amount of memory or disk space", hint="write 18G or 900M"
        )
    factor = 1024 if match[2] in "gG" else 1
    return round(float(match[1]) * factor)


def parse_words(text: str) -> tuple[str, ...]:
    """The words of 'a, b', without the empty ones."""
    words = (word.strip() for word in text.split(","))
    return tuple(word for word in words if word)


def parse_hosts(text: str) -> tuple[str, ...]:
    """The names of 'gpu1, gpu2'; none of an empty text, which means this machine.

    Raises UsageError for commas and blanks alone: they would run a sweep where nobody meant it.
    """
    names = parse_words(text)
    if text and not names:
        raise UsageError(
            f"{shorten(text)!r} names no host",
            hint='write --hosts gpu1, or --hosts "" for this machine',
        )
    return names


def parse_job_numbers(text: str) -> tuple[int, ...]:
    """The numbers of '0,3' or '4-7,9' (both ends included)."""
    try:
        return tuple(number for part in text.split(",") for number in _job_range(part))
    except ValueError as error:
        raise UsageError(
            f"{shorten(text)!r} is no list of job numbers", hint="write them as 0,3 or 4-7"
        ) from error


def _job_range(part: str) -> range:
    """The numbers of '3' or '4-7'. Raises ValueError."""
    match = _JOBS.fullmatch(part.strip())
    if match is None:
        raise ValueError(part)
    first = int(match[1])
    last = int(match[2] or first)
    if not first <= last < first + MAX_COMMANDS:
        raise ValueError(part)
    return range(first, last + 1)


def parse_seeds(text: str) -> tuple[int, ...]:
    """The seeds of '1,2,3', '5' (that seed alone) or '1-5' (both ends included)."""
    seeds = tuple(seed for part in text.split(",") for seed in _seed_range(part.strip(), text))
    _check_count(len(seeds), text)
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"{shorten(text)!r} gives a seed twice", hint="give each seed once")
    return seeds


def _seed_range(part: str, text: str) -> Iterator[int]:
    match = _SEEDS.fullmatch(part)
    if match is None:
        raise _no_seeds(text)
    first = int(match[1])
    last = int(match[2]) if match[2] else first
    if last < first:
        raise _no_seeds(text)
    _check_count(last - first + 1, text)
    return iter(range(first, last + 1))


def _no_seeds(text: str) -> UsageError:
    return UsageError(f"{shorten(text)!r} is no list of seeds", hint="write 1,2,3 or 1-5")


def _check_count(count: int, text: str) -> None:
    if count > MAX_COMMANDS:
        raise UsageError(
            f"{shorten(text)!r} makes {count:,} jobs; a sweep holds at most {MAX_COMMANDS:,}",
            hint="split it into several sweeps",
        )


def parse_grid(*texts: str) -> dict[str, tuple[str, ...]]:
    """Parameters and their values, as written, of texts such as 'lr=1e-3,3e-4'.

    'a,b' in double quotes is one value.
    """
    grid: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, values = _parameter(text)
        if name in grid:
            raise UsageError(
                f"the grid gives {name} twice",
                hint=f"give all values at once: {name}=value1,value2",
            )
        grid[name] = values
    return grid


def _parameter(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, values = text.partition("=")
    name = name.strip()
    if not equals or not _PARAMETER.fullmatch(name):
        raise UsageError(
            f"{shorten(text)!r} is not name=value,value", hint="for example lr=1e-3,3e-4"
        )
    return name, _grid_values(name, values)


def _grid_values(name: str, text: str) -> tuple[str, ...]:
    values = tuple(_unquoted(value.strip()) for value in _split_at_commas(text))
    if not values or "" in values:
        raise UsageError(f"{name}= has an empty value", hint=f"for example {name}=1e-3,3e-4")
    return values


def parse_slurm(*texts: str) -> dict[str, str]:
    """The options of 'partition=gpu,time=2h,gres=gpu:1', as sbatch knows them.

    A part without '=' belongs to the value before it: nodelist=n1,n2. Raises UsageError for a part
    without a name, and for a name that is given twice.
    """
    options: dict[str, str] = {}
    name = ""
    for part in (part.strip() for text in texts for part in text.split(",")):
        before, equals, value = part.partition("=")
        named = before.strip().lstrip("-")
        if equals and named:
            name = _new_name(named, value.strip(), options)
            options[name] = value.strip()
        elif name and part and not equals:
            options[name] += f",{part}"
        else:
            raise UsageError(
                f"{shorten(part)!r} is not name=value",
                hint="for example --slurm partition=gpu,time=2h",
            )
    return options


def _new_name(name: str, value: str, options: Mapping[str, str]) -> str:
    """The name, which none of the options has. Raises UsageError for one that has."""
    if name not in options:
        return name
    first = options[name]
    raise UsageError(
        f"{name} is given twice: {shorten(first)!r} and {shorten(value)!r}",
        hint=(
            f"give one of them: --slurm {name}={value}",
            f"or both, where Slurm takes several: --slurm {name}={first},{value}",
        ),
    )


def _split_at_commas(text: str) -> list[str]:
    """The parts between commas, but for those in brackets and quotes: [64,64],[128,128] are two."""
    place = _Place()
    parts = [""]
    for char in text:
        if char == "," and place.is_outside:
            parts.append("")
        else:
            parts[-1] += char
        place.step(char)
    return parts


@dataclass(slots=True)
class _Place:
    """Where in a text one stands: in which quotes, and in how many brackets."""

    quote: str = ""
    depth: int = 0
    before: str = ""

    @property
    def is_outside(self) -> bool:
        """Whether a comma here separates values."""
        return not self.quote and self.depth <= 0

    def step(self, char: str) -> None:
        """Go on behind the next character; a quote inside a word (don't) opens nothing."""
        if self.quote:
            self.quote = "" if char == self.quote else self.quote
        elif char in "'\"" and not self.before.isalnum():
            self.quote = char
        else:
            self.depth += (char in "[({") - (char in "])}")
        self.before = char


def _unquoted(value: str) -> str:
    """The value without the quotes around it; a doubled one inside is one."""
    quote = value[:1]
    if len(value) < 2 or quote not in ('"', "'") or value[-1] != quote:
        return value
    return value[1:-1].replace(quote * 2, quote)


DURATION = TextForm(parse_duration, unit="seconds")
MEBIBYTES = TextForm(parse_mebibytes, unit="MiB")
WORDS = TextForm(parse_words)
HOSTS = TextForm(parse_hosts)
JOB_NUMBERS = TextForm(parse_job_numbers)
SEEDS = TextForm(parse_seeds)
GRID = TextForm(parse_grid, several=True)
SLURM = TextForm(parse_slurm, several=True)
