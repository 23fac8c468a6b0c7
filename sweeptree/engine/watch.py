"""Shows a running sweep in the Prefect UI: its tags, its progress; and obeys a cancel from there.

The engine is asked every few seconds at most, and only told how far the sweep is: without it
everything else goes on.
"""

from __future__ import annotations

import contextlib
import platform
import threading
from collections.abc import Collection, Iterator
from contextvars import copy_context
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType

from sweeptree.engine.artifacts import move_progress, start_progress
from sweeptree.model import StopCause
from sweeptree.sweep.run import Progress
from sweeptree.sweep.running import Sweep

ENGINE_SECONDS = 2.0  # between two looks
SWEEP_FLOW = "sweep"
LEAVE_SECONDS = 5.0  # the thread may be waiting for an engine that is gone
_CANCELLED = (StateType.CANCELLING, StateType.CANCELLED)


@contextlib.contextmanager
def watched(
    sweep: Sweep,
    progress: Progress,
    run_id: str,
    *,
    seconds: float = ENGINE_SECONDS,
    known: Collection[str] = (),
) -> Iterator[None]:
    """A thread tells the engine meanwhile, every so many seconds, in a copy of the flow's context:
    the artifact belongs to this flow run. `known`: the tags of a run that was called and tagged
    when it was made; it is not asked for them."""
    watch = _Watch(sweep, progress, UUID(run_id), seconds, frozenset(known))
    thread = threading.Thread(
        target=copy_context().run, args=(watch.run,), name="sweep-watch-engine", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        watch.over.set()
        thread.join(timeout=LEAVE_SECONDS)


class _Watch:
    """What the thread does, and what it has shown already."""

    def __init__(
        self,
        sweep: Sweep,
        progress: Progress,
        run_id: UUID,
        seconds: float,
        known: frozenset[str],
    ) -> None:
        self.over = threading.Event()
        self._sweep = sweep
        self._progress = progress
        self._run_id = run_id
        self._seconds = seconds
        self._known = known
        self._artifact: UUID | None = None
        self._shown = 0

    def run(self) -> None:
        """Show the beginning at once, then look again and again; at last show the end."""
        with contextlib.suppress(Exception):  # the engine may be away
            self._tag()
        is_over = False
        while not is_over:
            is_over = self.over.is_set()
            with contextlib.suppress(Exception):  # the engine may be away; it is told again
                self._show()
            if not is_over:
                self.over.wait(self._seconds)
                self._obey()

    def _tag(self) -> None:
        """Tags on the flow run alone: task runs would inherit those of a `tags` block and pay a
        request each. A sweep's run is called as its results are, also when they got a date."""
        name = self._sweep.spec.exp_name
        devices = self._sweep.prepared.detection.devices
        own = {"sweeptree", name, f"host:{platform.node()}"}
        own |= {f"gpu:{device.name}" for device in devices}
        if self._known >= own:
            return
        with get_client(sync_client=True) as client:
            called, tags = None, self._known
            if not tags:
                run = client.read_flow_run(self._run_id)
                flow = client.read_flow(run.flow_id).name
                tags = frozenset((flow, *run.tags))
                called = name if flow == SWEEP_FLOW else None
            client.update_flow_run(self._run_id, name=called, tags=sorted(own | tags))

    def _show(self) -> None:
        finished, failed = self._progress.counts()
        if self._artifact is None:
            self._artifact = start_progress(self._sweep.spec.exp_name)
        if finished != self._shown:
            move_progress(self._artifact, finished, self._progress.total, failed)
            self._shown = finished

    def _obey(self) -> None:
        with contextlib.suppress(Exception):  # the engine may be away; it is asked again
            if not self.over.is_set() and self._is_cancelled():
                self._sweep.stop.stop(StopCause.CANCELLED)

    def _is_cancelled(self) -> bool:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(self._run_id).state
        return state is not None and state.type in _CANCELLED
