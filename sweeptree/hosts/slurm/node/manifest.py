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
    ends = [0]
    for line in lines:
        ends.append(ends[-1] + len(line))
    index = b"".join(end.to_bytes(_SIZE, "little") for end in ends)
    _put(folder, _TASKS, b"".join(lines))
    _put(folder, _INDEX, index)
    _put(folder, _COMMON, json.dumps(common).encode())


def read(folder: str, number: int) -> dict[str, Any]:
    """What task `number` is to do. Raises SetupError where the files cannot be read."""
    try:
        begin, end = _span(folder, number)
        with open(os.path.join(folder, _TASKS), "rb") as tasks:
            tasks.seek(begin)
            task = json.loads(tasks.read(end - begin))
        with open(os.path.join(folder, _COMMON), "rb") as common:
            return {**json.load(common), **task}
    except (OSError, ValueError) as error:
        node = os.uname().nodename
        raise SetupError(f"{node} cannot read task {number} in {folder}: {error}") from error


def _span(folder: str, number: int) -> tuple[int, int]:
    with open(os.path.join(folder, _INDEX), "rb") as index:
        index.seek(number * _SIZE)
        found = index.read(2 * _SIZE)
    if len(found) < 2 * _SIZE:
        raise ValueError("it has no such task")
    return int.from_bytes(found[:_SIZE], "little"), int.from_bytes(found[_SIZE:], "little")


def _put(folder: str, name: str, data: bytes) -> None:
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
