"""What the tasks of one array are to do, in files that all nodes read.

    common.json   what holds for all of them
    tasks.jsonl   a line per task
    tasks.index   where each line begins, 8 bytes apiece, and where the last one ends

Hides that a node reads one line, not all, however many there are.
"""

from __future__ import annotations

import json
import os

from sweeptree.supervise.files import SetupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_COMMON, _TASKS, _INDEX = "common.json", "tasks.jsonl", "tasks.index"
_SIZE = 8


def write(folder: str, common: dict[str, Any], tasks: Sequence[dict[str, Any]]) -> None:
    """Write them, on disk when this returns. Raises OSError."""
    lines = [json.dumps(task).encode() + b"\n" for task in tasks]
    end = 0
    index = _number(end)
    for line in lines:
        end += len(line)
        index += _number(end)

    _put(folder, _TASKS, b"".join(lines))
    _put(folder, _INDEX, index)
    _put(folder, _COMMON, json.dumps(common).encode())


def _number(value: int) -> bytes:
    return value.to_bytes(_SIZE, "little")


def read(folder: str, number: int) -> dict[str, Any]:
    """What task `number` is to do. Raises SetupError where the files cannot be read."""
    try:
        common = _get(folder, _COMMON)
        begin, end = _span(folder, number)
        task = _get(folder, _TASKS, begin, end - begin)
        return {**json.loads(common), **json.loads(task)}
    except (OSError, ValueError) as error:
        node = os.uname().nodename
        raise SetupError(f"{node} cannot read task {number} in {folder}: {error}") from error


def _span(folder: str, number: int) -> tuple[int, int]:
    """Where its line begins, and where it ends."""
    found = _get(folder, _INDEX, number * _SIZE, 2 * _SIZE)
    begin, end = found[:_SIZE], found[_SIZE:]
    if not end:
        raise ValueError("it has no such task")
    return int.from_bytes(begin, "little"), int.from_bytes(end, "little")


def _get(folder: str, name: str, begin: int = 0, size: int = -1) -> bytes:
    with open(os.path.join(folder, name), "rb") as file:
        file.seek(begin)
        return file.read(size)


def _put(folder: str, name: str, data: bytes) -> None:
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
