"""The log of a sweep's only job, on a stream while it is written.

Hides the thread that follows it, and that a reader who leaves (head, less) ends nothing.
"""

from __future__ import annotations

import os
import time
from typing import TextIO

from sweeptree.cli.screens.beside import Beside
from sweeptree.cli.screens.log_output import LogPrinter, LogReader
from sweeptree.cli.screens.terminal import say
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.system.room import pause_line

_POLL_SECONDS = 0.03
_PATIENCE = 2.0  # seconds until it is said why nothing begins
_JOB = 0


class LiveLog(Beside):
    """Shows what the job prints, byte for byte; a terminal gets no escape sequences but colours.

    A context manager: at its end all that was written is shown. It never raises into the run.
    """

    def __init__(self, prepared: PreparedSweep, stream: TextIO) -> None:
        super().__init__("live-log")
        self._prepared = prepared
        self._stream = stream
        printer = LogPrinter(stream.buffer, prefixed=False, guarded=stream.isatty())
        self._printer = printer
        self._reader = LogReader(prepared.paths, printer, None)

    def _show(self) -> None:
        try:
            self._follow()
        except (OSError, ValueError):  # nobody reads any more: the command goes on
            self._leave_stream()

    def _follow(self) -> None:
        told, began = False, time.monotonic()
        while not self._stop.wait(_POLL_SECONDS):
            self._reader.read([_JOB])
            if not told and time.monotonic() - began > _PATIENCE:
                told = True
                self._say_what_it_waits_for()
        self._reader.done(_JOB)

    def _say_what_it_waits_for(self) -> None:
        paths = self._prepared.paths
        if any(paths.state.glob(f"job_{_JOB}.*.started")):
            return
        lack = self._prepared.room.lacking()
        if lack is not None:
            say(pause_line(lack))
        elif self._prepared.gpus:
            say("waits for a GPU:  sweeptree gpus  shows who has them")

    def _leave_stream(self) -> None:
        """What is still written to the stream goes nowhere, and is no error at the end."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
