"""Lets jobs start only while the disk has room: one that starts on a full disk would only fail."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sweeptree.system.room import Room, pause_line

LOOK_SECONDS = 1.0  # between looks at a disk that is too full


class RoomGate:
    """Asked before each attempt; however many wait, it is said once.

    `waits` False: nobody waits here, because others have room for the job.
    """

    def __init__(
        self,
        room: Room,
        tell: Callable[[str], None] | None = None,
        *,
        waits: bool = True,
    ) -> None:
        self._room = room
        self._tell = tell
        self._waits = waits
        self._is_shut = False
        self._guard = threading.Lock()

    def wait(self, stopping: threading.Event) -> bool:
        """Wait until there is room for another job. False when the sweep is to stop instead."""
        while not stopping.is_set():
            if self.is_open():
                return True
            if not self._waits:
                return False
            stopping.wait(LOOK_SECONDS)
        return False

    def is_open(self) -> bool:
        """Whether there is room for another job now."""
        lack = self._room.lacking()
        self._announce(lack)
        return lack is None

    def _announce(self, lack: str | None) -> None:
        is_shut = lack is not None
        with self._guard:
            has_changed = self._is_shut != is_shut
            self._is_shut = is_shut
        if has_changed and self._tell is not None:
            self._tell(pause_line(lack))
