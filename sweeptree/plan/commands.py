"""The commands that a user gives: a JSON list, a file that holds one, or standard input.

Hides: every way in which such a list can be wrong; each is a UsageError before anything starts.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from sweeptree.errors import UsageError
from sweeptree.model.checks import check_command
from sweeptree.model.text import shorten
from sweeptree.model.values import MAX_COMMANDS

MAX_COMMANDS_BYTES = 64 * 1024 * 1024
EXAMPLE = (
    "for example: --commands "
    """'["python train.py --lr 3e-4 --seed 1", "python train.py --lr 1e-4 --seed 1"]'"""
)
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    type(None): "null",
}


def load_commands(text_or_path: str, stdin: TextIO | None = None) -> tuple[str, ...]:
    """Read the commands: a JSON list, the path of a file that holds one, or '-' for standard input.

    A .txt file may hold one command a line; empty lines and those that begin with # are none. A
    byte order mark is refused. Raises UsageError for anything but 1 to 100,000 non-empty strings.
    """
    if text_or_path.lstrip("\ufeff \t\r\n").startswith("["):
        return _commands(text_or_path, "--commands")
    if text_or_path == "-":
        if stdin is None:
            raise UsageError("--commands - reads standard input, and there is none", hint=EXAMPLE)
        return _commands(_read_stream(stdin), "standard input")
    text = _read_file(text_or_path)
    if text_or_path.endswith(".txt") and not text.lstrip().startswith("["):
        return _lines(text, text_or_path)
    return _commands(text, text_or_path)


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
            f"--commands {shorten(name)!r} was taken for the path of a file, "
            f"since it does not begin with '[': {why}",
            hint=(
                "give a JSON list, the path of a file that holds one, or - for standard input",
                EXAMPLE,
            ),
        ) from error
    _check_size(len(data), name)
    return _decoded(data, name)


def _decoded(data: bytes, name: str) -> str:
    if data.startswith(_BYTE_ORDER_MARKS):
        raise UsageError(
            f"{name} begins with a byte order mark (BOM)", hint="save it as UTF-8 without one"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name} is not UTF-8: {error.reason} at byte {error.start}", hint="save it as UTF-8"
        ) from error


def _lines(text: str, where: str) -> tuple[str, ...]:
    lines = [line.strip() for line in text.split("\n")]
    commands = [line for line in lines if line and not line.startswith("#")]
    return _checked(commands, where)


def _commands(text: str, where: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise UsageError(f"{where} is nested too deeply", hint=EXAMPLE) from error
    except ValueError as error:
        raise UsageError(
            f"{where} is not a JSON list of commands: {error}", hint=EXAMPLE
        ) from error
    if not isinstance(value, list):
        raise UsageError(f"{where} holds {_kind(value)}, not a list of commands", hint=EXAMPLE)
    return _checked(value, where)


def _checked(value: Sequence[object], where: str) -> tuple[str, ...]:
    if not value:
        raise UsageError(f"{where} holds an empty list: there is nothing to run", hint=EXAMPLE)
    check_count(len(value), where)
    return tuple(_command(index, entry, where) for index, entry in enumerate(value))


def check_count(count: int, where: str) -> None:
    """Raise UsageError where that many jobs are more than a sweep holds."""
    if count > MAX_COMMANDS:
        raise UsageError(
            f"{where} makes {count:,} jobs; a sweep holds at most {MAX_COMMANDS:,}",
            hint="split it into several sweeps",
        )


def _command(index: int, entry: object, where: str) -> str:
    if not isinstance(entry, str):
        raise UsageError(f"{where}: entry {index} is {_kind(entry)}, not a command", hint=EXAMPLE)
    try:
        entry.encode()
        return check_command(entry)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{where}: entry {index} holds half a character (a lone surrogate)"
        ) from error
    except ValueError as error:
        raise UsageError(f"{where}: entry {index}: {error}", hint=EXAMPLE) from error


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")
