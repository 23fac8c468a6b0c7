"""Run one pytest item here and now, as often as wanted, without reports.

Hides: pytest's set-up and teardown of an item outside its own loop, and where unittest's failures
are kept (in the item, not in a raised exception).
"""

from __future__ import annotations

import importlib
import os
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .alarm import OutOfTime, cpu_limit

_tmpdir: Any = importlib.import_module("_pytest.tmpdir")
_TMP_PATH_KEY = getattr(_tmpdir, "tmppath_result_key", None)  # since pytest 7.3


@dataclass(frozen=True, slots=True)
class Trial:
    """How one run of one test ended; seconds of CPU. `error` is None for one that passed."""

    error: BaseException | None
    is_out_of_time: bool
    seconds: float

    @property
    def has_passed(self) -> bool:
        """Whether set-up, test and teardown raised nothing: a skipped test has not passed."""
        return self.error is None


def run_item(item: Any, limit: float) -> Trial:
    """Run a test for at most `limit` seconds of CPU. Ends the process if the test has forked."""
    process, began = os.getpid(), time.process_time()
    _make_fresh(item)
    error: BaseException | None = None
    try:
        with cpu_limit(limit):
            error = _run(item)
    except BaseException as raised:  # skip, exit and the alarm are no Exceptions
        error = raised
    if os.getpid() != process:
        os._exit(0)  # a child that the test forked came back from it
    seconds = time.process_time() - began
    return Trial(error, isinstance(error, OutOfTime) or seconds > limit, seconds)


def frames_of(error: BaseException | None, root: str) -> list[tuple[str, int]]:
    """Files and lines below the root that an error came through, the outermost first."""
    trace: TracebackType | None = getattr(error, "__traceback__", None)
    found = []
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if path.startswith(root):
            found.append((path, trace.tb_lineno))
        trace = trace.tb_next
    return found


def _run(item: Any) -> BaseException | None:
    """Set up, call, tear down; the first error of the three."""
    error: BaseException | None = None
    try:
        item.ihook.pytest_runtest_setup(item=item)
        item.ihook.pytest_runtest_call(item=item)
    except OutOfTime:
        raise
    except BaseException as raised:
        error = raised
    kept = _kept_by_unittest(item)
    try:
        item.ihook.pytest_runtest_teardown(item=item, nextitem=None)
    except OutOfTime:
        raise
    except BaseException as raised:
        error = error or raised
    return error or kept


def _make_fresh(item: Any) -> None:
    """Forget what an earlier run left in the item: its fixtures, its instance, its errors."""
    if hasattr(item, "_excinfo"):
        item._excinfo = None
    vars(item).pop("_instance", None)  # pytest keeps the test class's instance since 8.2
    if hasattr(item, "_obj"):
        item._obj = None
    if hasattr(item, "_initrequest"):
        item._initrequest()
    if _TMP_PATH_KEY is not None:
        item.stash[_TMP_PATH_KEY] = {}  # else made with the report, and read by tmp_path


def _kept_by_unittest(item: Any) -> BaseException | None:
    kept = getattr(item, "_excinfo", None)
    if not kept:
        return None
    error = kept[0].value
    return error if isinstance(error, BaseException) else None
