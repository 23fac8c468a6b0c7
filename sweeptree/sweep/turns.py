"""Who may run its command when more jobs are under way than commands may run."""

from __future__ import annotations

import threading
from collections import deque

LOOK_SECONDS = 0.2  # between looks at a stop


class Turns:
    """The right to run a command: `count` at once, first come first served.

    Up to `ahead` jobs beyond that make their worktree ready meanwhile, so that an ended command's
    successor starts at once, not only when all that follows the ended one is written. While turns
    are free no more jobs begin than there are turns: with one turn, jobs run in their order.
    """

    def __init__(self, count: int, ahead: int = 0) -> None:
        self._changed = threading.Condition()
        self._free = count
        self._ahead = ahead
        self._preparing = 0
        self._waiting: deque[object] = deque()

    def begin(self, stopping: threading.Event) -> bool:
        """Wait until another job may make itself ready. False when the sweep is to stop."""
        with self._changed:
            while not stopping.is_set():
                if self._preparing < max(self._free, self._ahead):
                    self._preparing += 1
                    return True
                self._changed.wait(LOOK_SECONDS)
        return False

    def ready(self) -> None:
        """A job that began has a turn, or has ended without one."""
        with self._changed:
            self._preparing -= 1
            self._changed.notify_all()

    def take(self, stopping: threading.Event) -> bool:
        """Wait for a turn. False, and none is taken, when the sweep is to stop."""
        mine = object()
        with self._changed:
            self._waiting.append(mine)
            while not stopping.is_set():
                if self._free and self._waiting[0] is mine:
                    self._waiting.popleft()
                    self._free -= 1
                    self._changed.notify_all()
                    return True
                self._changed.wait(LOOK_SECONDS)
            self._waiting.remove(mine)
            self._changed.notify_all()
        return False

    def take_at_once(self) -> bool:
        """A turn if there is one: for a command that runs already."""
        with self._changed:
            if not self._free:
                return False
            self._free -= 1
            return True

    def give_back(self) -> None:
        """End a turn; the one who has waited longest gets it."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()


class Turn:
    """One job's turn, like a lock that is held or not. Without `turns` there is nothing to wait
    for: a GPU job waits for its GPU instead."""

    def __init__(self, turns: Turns | None) -> None:
        self._turns = turns
        self._is_held = False
        self._is_ahead = turns is not None  # it began (Turns.begin), and has had no turn yet

    def take(self, stopping: threading.Event) -> bool:
        """Wait until the command may run. False when the sweep is to stop instead.

        A job that kept its turn after a failure tries again in it.
        """
        if self._turns is None:
            return True
        if self._is_held:
            return not stopping.is_set()
        self._is_held = self._turns.take(stopping)
        self._leave_those_ahead()
        return self._is_held

    def take_at_once(self) -> None:
        """Count a command that runs already among those that may run."""
        self._is_held = self._turns is not None and self._turns.take_at_once()
        if self._is_held:
            self._leave_those_ahead()

    def end(self) -> None:
        """The command has ended: another job's may run while this one is written and delivered."""
        if self._is_held and self._turns is not None:
            self._is_held = False
            self._turns.give_back()

    def leave(self) -> None:
        """The job has ended, whether its command had a turn or not."""
        self.end()
        self._leave_those_ahead()

    def _leave_those_ahead(self) -> None:
        if self._is_ahead and self._turns is not None:
            self._is_ahead = False
            self._turns.ready()
