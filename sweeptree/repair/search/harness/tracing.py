"""Which lines of the user's files a piece of code runs: sys.monitoring, or settrace before 3.12."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

Lines = dict[str, set[int]]
_TOOLS = (3, 4, 5, 0, 2)  # those that sys.monitoring leaves to anybody come first


@contextlib.contextmanager
def traced(root: str) -> Iterator[Lines]:
    """Collect the lines run below the folder `root` in the block, by file."""
    lines: Lines = {}
    tool = _free_tool()
    if tool is None:
        with _by_settrace(root, lines):
            yield lines
    else:
        with _by_monitoring(tool, root, lines):
            yield lines


def _free_tool() -> int | None:
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return None
    return next((tool for tool in _TOOLS if monitoring.get_tool(tool) is None), None)


@contextlib.contextmanager
def _by_monitoring(tool: int, root: str, lines: Lines) -> Iterator[None]:
    monitoring: Any = getattr(sys, "monitoring")  # noqa: B009 - not there before 3.12

    def seen(code: CodeType, line: int) -> object:
        if code.co_filename.startswith(root):
            lines.setdefault(code.co_filename, set()).add(line)
        return monitoring.DISABLE  # once is enough

    monitoring.use_tool_id(tool, "sweeptree")
    monitoring.register_callback(tool, monitoring.events.LINE, seen)
    monitoring.restart_events()
    monitoring.set_events(tool, monitoring.events.LINE)
    try:
        yield
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)


@contextlib.contextmanager
def _by_settrace(root: str, lines: Lines) -> Iterator[None]:
    def entered(frame: FrameType, _event: str, _argument: Any) -> Any:
        path = frame.f_code.co_filename
        if not path.startswith(root):
            return None
        here = lines.setdefault(path, set())

        def local(inner: FrameType, event: str, _argument: Any) -> Any:
            if event == "line":
                here.add(inner.f_lineno)
            return local

        return local

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        yield
    finally:
        sys.settrace(before)
