"""What is shown beside something that runs, as long as a `with` block lasts.

Hides the thread: it is told to end with the block, and nobody waits for it long.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

_LAST_WORDS_SECONDS = 5.0


class Beside(ABC):
    """A context manager that shows something in a thread of its own until the block ends."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._show, name=name, daemon=True)

    @abstractmethod
    def _show(self) -> None:
        """Show it until `_stop` is set, and what was left to show then. Never raises."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=_LAST_WORDS_SECONDS)
