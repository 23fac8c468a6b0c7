"""SweepSpec → jobs. Pure but for `load_commands`, which reads the one file that the user names.

Hides: the forms in which commands, grids, seeds and durations may be written, and how a template
becomes commands. Every mistake of the user is a UsageError before anything is started.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
import math
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TextIO

from sweeptree.errors import UsageError
from sweeptree.model import MAX_COMMANDS, Job, Scalar, SweepSpec, check_command
from sweeptree.plan.params import Reading, config_ids, is_seed_name, read_command, typed

MAX_COMMANDS_BYTES = 64 * 1024 * 1024
_EXAMPLE = """for example: --commands '["python train.py --lr 3e-4 --seed 1", "python train.py --lr 1e-4 --seed 1"]'"""
_FIELD = re.compile(r"\{\{|\}\}|\$\{[^{}]*\}|\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?"
)
_SEED = re.compile(r"(-?\d{1,18})(?:-(\d{1,18}))?")


def load_commands(text_or_path: str, stdin: TextIO | None = None) -> tuple[str, ...]:
    """Read the commands: a JSON list, the path of a file that holds one, or '-' for standard input.

    A byte order mark is refused. Raises UsageError for anything but 1 to 100,000 non-empty strings.
    """
    if text_or_path.lstrip("\ufeff \t\r\n").startswith("["):
        return _commands(text_or_path, "--commands")
    if text_or_path == "-":
        if stdin is None:
            raise UsageError("--commands - reads standard input, and there is none", hint=_EXAMPLE)
        return _commands(_read_stream(stdin), "standard input")
    return _commands(_read_file(text_or_path), text_or_path)


def _read_stream(stdin: TextIO) -> str:
    try:
        text = stdin.read(MAX_COMMANDS_BYTES + 1)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"standard input is not UTF-8: {error.reason} at byte {error.start}"
        ) from error
    _check_size(len(text), "standard input")
    return text


def _check_size(size: int, where: str) -> None:
    if size > MAX_COMMANDS_BYTES:
        raise UsageError(
            f"{where} is larger than {MAX_COMMANDS_BYTES >> 20} MB",
            hint="split the sweep, or give a --template with --grid and --seeds",
        )


def _read_file(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_COMMANDS_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no file has such a name"
        raise UsageError(
            f"--commands {shorten(name)!r} was taken for the path of a file, since it does not begin with '[': {why}",
            hint=(
                "give a JSON list, the path of a file that holds one, or - for standard input",
                _EXAMPLE,
            ),
        ) from error
    _check_size(len(data), name)
    return _decoded(data, name)


def _decoded(data: bytes, name: str) -> str:
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError(
            f"{name} begins with a byte order mark (BOM)", hint="save it as UTF-8 without one"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name} is not UTF-8: {error.reason} at byte {error.start}", hint="save it as UTF-8"
        ) from error


def _commands(text: str, where: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise UsageError(f"{where} is nested too deeply", hint=_EXAMPLE) from error
    except ValueError as error:
        raise UsageError(
            f"{where} is not a JSON list of commands: {error}", hint=_EXAMPLE
        ) from error
    if not isinstance(value, list):
        raise UsageError(f"{where} holds {_kind(value)}, not a list of commands", hint=_EXAMPLE)
    if not value:
        raise UsageError(f"{where} holds an empty list: there is nothing to run", hint=_EXAMPLE)
    _check_count(len(value), where)
    return tuple(_command(index, entry, where) for index, entry in enumerate(value))


def _check_count(count: int, where: str) -> None:
    if count > MAX_COMMANDS:
        raise UsageError(
            f"{where} makes {count:,} jobs; a sweep holds at most {MAX_COMMANDS:,}",
            hint="split it into several sweeps",
        )


def _command(index: int, entry: object, where: str) -> str:
    if not isinstance(entry, str):
        raise UsageError(f"{where}: entry {index} is {_kind(entry)}, not a command", hint=_EXAMPLE)
    try:
        entry.encode()
        return check_command(entry)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{where}: entry {index} holds half a character (a lone surrogate)"
        ) from error
    except ValueError as error:
        raise UsageError(f"{where}: entry {index}: {error}", hint=_EXAMPLE) from error


def _kind(value: object) -> str:
    kinds = {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "true or false",
        type(None): "null",
    }
    return kinds.get(type(value), "a number")


def shorten(text: str, limit: int = 80) -> str:
    """The text, cut in the middle when it is longer than `limit`."""
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 2 + 5 :]}"


def make_jobs(spec: SweepSpec) -> tuple[Job, ...]:
    """All jobs of a sweep, configs outside and seeds inside; `only` keeps numbers and config names
    as they are.

    Raises UsageError when template, grid and seeds do not fit together or `only` names no job.
    """
    commands, readings = _expand(spec)
    names = config_ids(readings)
    jobs = tuple(
        Job(index=index, command=command, params=reading.params, seed=reading.seed, config_id=name)
        for index, (command, reading, name) in enumerate(
            zip(commands, readings, names, strict=True)
        )
    )
    return _only(jobs, spec.only)


def _only(jobs: tuple[Job, ...], only: tuple[int, ...]) -> tuple[Job, ...]:
    unknown = sorted(index for index in set(only) if not 0 <= index < len(jobs))
    if unknown:
        raise UsageError(
            f"--only names job {unknown[0]}, and the sweep has jobs 0 to {len(jobs) - 1}",
            hint="sweeptree run ... --dry_run lists the jobs",
        )
    return tuple(jobs[index] for index in sorted(set(only))) if only else jobs


def _expand(spec: SweepSpec) -> tuple[list[str], list[Reading]]:
    if len(set(spec.seeds)) < len(spec.seeds):
        raise UsageError(
            "a seed is given twice: the same run would count twice", hint="give each seed once"
        )
    if spec.template is not None:
        return _expand_template(spec, spec.template)
    if not spec.commands:
        raise UsageError("the sweep has no commands", hint=_EXAMPLE)
    _check_count(len(spec.commands) * max(1, len(spec.seeds)), "commands times seeds")
    readings = [read_command(command) for command in spec.commands]
    if not spec.seeds:
        return list(spec.commands), readings
    for index, reading in enumerate(readings):
        if reading.seed is not None or "{seed}" in spec.commands[index]:
            raise UsageError(
                f"command {index} names its own seed, and --seeds gives others",
                hint="leave --seeds away, or give a --template with {seed}",
            )
    return (
        [command for command in spec.commands for _ in spec.seeds],
        [_seeded(reading, seed) for reading in readings for seed in spec.seeds],
    )


def _seeded(reading: Reading, seed: int | None) -> Reading:
    return Reading(raw=reading.raw, seed=seed, rest=reading.rest, lead=reading.lead)


@dataclass(frozen=True, slots=True)
class _Field:
    """A place in a template: its parameter and the quote it stands in ('' for none)."""

    name: str
    quote: str


def _expand_template(spec: SweepSpec, template: str) -> tuple[list[str], list[Reading]]:
    pieces = _parse_template(template)
    _check_fields(spec, template, {piece.name for piece in pieces if isinstance(piece, _Field)})
    seeds: tuple[int | None, ...] = spec.seeds or (None,)
    _check_count(math.prod(map(len, spec.grid.values())) * len(seeds), "grid times seeds")
    base = read_command(template)
    constants = {name: value for name, value in base.raw.items() if not _FIELD.search(str(value))}
    commands, readings = [], []
    for values in product(*spec.grid.values()):
        texts = dict(zip(spec.grid, map(_written, values), strict=True))
        for seed in seeds:
            commands.append(
                _filled(pieces, texts if seed is None else {**texts, "seed": str(seed)})
            )
            own = base.seed if seed is None else seed
            readings.append(
                Reading(raw={**texts, **constants}, seed=own, rest=base.rest, lead=base.lead)
            )
    return commands, readings


def _parse_template(template: str) -> list[str | _Field]:
    """Text and fields in turn. {{ and }} are braces, ${NAME} is the shell's own."""
    pieces: list[str | _Field] = []
    position, quote = 0, ""
    for match in _FIELD.finditer(template):
        text = template[position : match.start()]
        quote = _quote_after(text, quote)
        pieces.append(text)
        if match[1] is None:
            pieces.append(match[0] if match[0].startswith("$") else match[0][0])
        elif _NAME.fullmatch(match[1]):
            pieces.append(_Field(match[1], quote))
        else:
            raise UsageError(
                f"the template holds {match[0]!r}, which is no parameter",
                hint="write {{ and }} for plain braces",
            )
        position = match.end()
    return [*pieces, template[position:]]


def _quote_after(text: str, quote: str) -> str:
    """The quote that is open after `text`, as a shell reads it."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
    return quote


def _check_fields(spec: SweepSpec, template: str, fields: set[str]) -> None:
    seeds = {"seed"} if spec.seeds else set()
    if taken := [name for name in spec.grid if is_seed_name(name)]:
        raise UsageError(
            f"the grid holds {taken[0]}, and a seed makes no config of its own",
            hint="write {seed} in the template and give --seeds 1,2,3",
        )
    if unknown := sorted(fields - set(spec.grid) - seeds):
        name = unknown[0]
        hint = (
            "--seeds 1,2,3"
            if name == "seed"
            else f"--grid {name}=value1,value2, or {{{{{name}}}}} for plain braces"
        )
        raise UsageError(f"the template asks for {{{name}}}, and nothing gives it", hint=hint)
    unused = sorted((set(spec.grid) | seeds) - fields)
    if unused and not (unused == ["seed"] and "SWEEPTREE_SEED" in template):
        raise UsageError(
            f"the template does not use {{{unused[0]}}}: jobs that differ in it alone would be the same command",
            hint=f"put {{{unused[0]}}} where its value belongs",
        )
    for name, values in spec.grid.items():
        _check_values(name, values)


def _check_values(name: str, values: tuple[Scalar, ...]) -> None:
    if not values:
        raise UsageError(f"the grid gives no value for {name}", hint=f"--grid {name}=value1,value2")
    if len({(isinstance(value, bool), value) for value in map(typed, map(_written, values))}) < len(
        values
    ):
        raise UsageError(f"the grid gives a value of {name} twice", hint="give each value once")


def _written(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filled(pieces: list[str | _Field], texts: Mapping[str, str]) -> str:
    return "".join(
        piece if isinstance(piece, str) else _inserted(piece, texts[piece.name]) for piece in pieces
    )


def _inserted(field: _Field, value: str) -> str:
    """The value as one word of the shell, so that a value never becomes a command."""
    if not field.quote:
        return shlex.quote(value)
    if set(value) & set("'\"\\$`\0"):
        raise UsageError(
            f"the value {value!r} of {field.name} cannot stand inside quotes",
            hint=f"take the quotes around {{{field.name}}} out of the template",
        )
    return value


def spec_hash(spec: SweepSpec, base_commit: str) -> str:
    """16 hex digits that change when the results would: commands, seeds, set-up and commit; however
    they were given."""
    commands, readings = _expand(spec)
    parts = {
        "jobs": [
            [command, reading.seed] for command, reading in zip(commands, readings, strict=True)
        ],
        "base": base_commit,
        "setup": spec.setup,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def parse_duration(text: str) -> float:
    """Seconds of '90s', '2h', '1h30m', '1.5h', '1d' or a plain number of seconds."""
    match = _DURATION.fullmatch(text.strip().lower().replace(" ", ""))
    units = (86400.0, 3600.0, 60.0, 1.0)
    seconds = (
        sum(float(n) * unit for n, unit in zip(match.groups(), units, strict=True) if n)
        if match
        else 0.0
    )
    if not 0 < seconds < math.inf:
        raise UsageError(f"{shorten(text)!r} is no duration", hint="write 90s, 30m, 2h or 1h30m")
    return seconds


def parse_grid(*texts: str) -> dict[str, tuple[str, ...]]:
    """Parameters and their values, as written, of texts such as 'lr=1e-3,3e-4'; 'a,b' in double
    quotes is one value."""
    grid: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name):
            raise UsageError(
                f"--grid {shorten(text)!r} is not name=value,value",
                hint="for example --grid lr=1e-3,3e-4",
            )
        if name in grid:
            raise UsageError(
                f"--grid gives {name} twice",
                hint=f"give all values at once: --grid {name}=value1,value2",
            )
        if is_seed_name(name):
            raise UsageError(
                f"{name} is a seed and makes no config of its own",
                hint="write {seed} in the template and give --seeds 1,2,3",
            )
        grid[name] = _grid_values(name, values)
    return grid


def _grid_values(name: str, text: str) -> tuple[str, ...]:
    values = tuple(
        value.strip() for row in csv.reader([text], skipinitialspace=True) for value in row
    )
    if not values or "" in values:
        raise UsageError(
            f"--grid {name}= has an empty value", hint=f"for example --grid {name}=1e-3,3e-4"
        )
    _check_values(name, values)
    return values


def parse_seeds(text: str) -> tuple[int, ...]:
    """The seeds of '1,2,3', '5' (that seed alone) or '1-5' (both ends included)."""
    seeds = tuple(seed for part in text.split(",") for seed in _seed_range(part.strip(), text))
    _check_count(len(seeds), "--seeds")
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"--seeds {shorten(text)} gives a seed twice", hint="give each seed once")
    return seeds


def _seed_range(part: str, text: str) -> Iterator[int]:
    match = _SEED.fullmatch(part)
    if not match or (match[2] and int(match[2]) < int(match[1])):
        raise UsageError(
            f"--seeds {shorten(text)!r} is no list of seeds", hint="write 1,2,3 or 1-5"
        )
    last = int(match[2]) if match[2] else int(match[1])
    _check_count(last - int(match[1]) + 1, "--seeds")
    return iter(range(int(match[1]), last + 1))
