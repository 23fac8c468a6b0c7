"""What a job ran and printed last, in the log of its task run in the Prefect UI.

One record, sent when the command has ended: each costs the server CPU. The log itself stays a file.
"""

from __future__ import annotations

import logging

from prefect.context import TaskRunContext

from sweeptree.model import JobState, Outcome
from sweeptree.records import read_end
from sweeptree.repository import leaks
from sweeptree.sweep.running import JobContext
from sweeptree.system.escapes import plain

LINES = 50
MAX_BYTES = 8 * 1024
MAX_COMMAND = 2000
_LOGGER = "prefect.task_runs"


def show_log(job: JobContext, outcome: Outcome) -> None:
    """Send it to the task run that we are in; without one nothing happens."""
    has_succeeded = outcome.state is JobState.SUCCEEDED
    level = logging.INFO if has_succeeded else logging.ERROR
    if TaskRunContext.get() is None:
        return
    logger = logging.getLogger(_LOGGER)
    record = logger.makeRecord(_LOGGER, level, "", 0, log_text(job), (), None)
    # Not by the logger itself: it would pass it on to the console, and leaves INFO out there.
    for handler in logger.handlers:
        handler.handle(record)


def log_text(job: JobContext) -> str:
    """The command, the last lines of its log, and where the whole log is."""
    command = leaks.redact(job.job.command)[:MAX_COMMAND]
    log = job.paths.log(job.index)
    printed = _last_lines(read_end(log, MAX_BYTES) or b"")
    what = "the end of" if printed else "nothing in"
    where = f"{what} {log}   (sweeptree logs {job.spec.exp_name}:{job.index})"
    return "\n".join([f"$ {command}", where, *printed])


def _last_lines(data: bytes) -> list[str]:
    """Whole lines, without what a terminal would obey; the first may be cut."""
    if len(data) == MAX_BYTES:
        data = data.partition(b"\n")[2] or data
    text = leaks.redact(plain(data)).rstrip()
    return text.split("\n")[-LINES:] if text else []
