"""A log with a cap: its head and its tail are kept, what is between them is left out.

Only a log with a cap needs a pump: otherwise the command writes to the file itself and costs us
nothing. Standard library only.
"""

from __future__ import annotations

import contextlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

TAIL = 256 * 1024
_STRANGERS_SECONDS = 1.0  # how long a writer outside the tree may keep us


class Pump:
    """Copies a command's output to its log and keeps head and tail of what is over `cap` bytes.

    `total` bytes came, `kept` of them are in the log.
    """

    def __init__(self, log: int, cap: int) -> None:
        self.source, self.sink = os.pipe()
        self.kept = self.total = 0
        self._log = log
        self._tail_size = min(cap // 2, TAIL)
        self._room = cap - self._tail_size
        self._tail: list[bytes] = []
        self._held = 0
        self._finished = False
        self._thread = _thread_for(self._copy)

    def start(self) -> None:
        """Begin to copy; the command must have its end by now."""
        os.close(self.sink)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the rest and write the tail. A second call does nothing."""
        if self._finished:
            return
        self._finished = True
        self._thread.join(_STRANGERS_SECONDS)
        tail = b"".join(self._tail)[-self._tail_size :] if self._tail_size else b""
        left_out = self.total - self.kept - len(tail)
        if left_out > 0:
            self._write(f"\n[sweeptree: {left_out} bytes left out, the log is capped]\n".encode())
        self.kept += self._write(tail)

    def _copy(self) -> None:
        while data := os.read(self.source, 1 << 16):
            self.total += len(data)
            head, rest = data[: self._room], data[self._room :]
            self._room -= len(head)
            self.kept += self._write(head)
            if rest and self._tail_size:
                self._keep(rest)

    def _keep(self, data: bytes) -> None:
        """Remember the last bytes, in the parts in which they came."""
        self._tail.append(data)
        self._held += len(data)
        while self._held - len(self._tail[0]) >= self._tail_size:
            self._held -= len(self._tail.pop(0))

    def _write(self, data: bytes) -> int:
        done = 0
        # a full disk: go on reading, or the command would block for ever
        with contextlib.suppress(OSError):
            while done < len(data):
                done += os.write(self._log, data[done:])
        return done


def _thread_for(work: Callable[[], None]) -> threading.Thread:
    import threading  # only here: every fork after this import pays for it

    return threading.Thread(target=work, daemon=True)
