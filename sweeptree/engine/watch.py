"""Beside a running sweep: obeys cancels and the time limit, and moves the progress artifact.

A cancel comes from a file in the results (Ctrl-C, `sweeptree cancel`) or from the Prefect UI. The
engine is asked at most every two seconds, and only told how far the sweep is: without it everything
else goes on.
"""

from __future__ import annotations

import contextlib
import platform
import threading
import time
from contextvars import copy_context
from types import TracebackType
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType

from sweeptree.engine.artifacts import move_progress, start_progress
from sweeptree.errors import RecordError
from sweeptree.model import JobRecord, JobState
from sweeptree.records import read_bytes
from sweeptree.sweep.running import Sweep

LOOK_SECONDS = 0.2
ENGINE_SECONDS = 2.0


class Watch:
    """A context: two threads live as long as it, one for the files and the clock, one for the
    engine."""

    def __init__(self, sweep: Sweep, *, total: int, finished: int, run_id: str | None) -> None:
        self._sweep = sweep
        self._total = total
        self._finished = finished
        self._failed = 0
        self._run_id = run_id
        self._over = threading.Event()
        self._guard = threading.Lock()
        self._threads = [
            threading.Thread(target=self._watch_files, name="sweep-watch", daemon=True),
            # In a copy of the flow's context: the artifact belongs to this flow run.
            threading.Thread(
                target=copy_context().run,
                args=(self._watch_engine,),
                name="sweep-watch-engine",
                daemon=True,
            ),
        ]

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._over.set()
        self._threads[0].join()
        self._threads[1].join(timeout=5.0)  # it may be waiting for an engine that is gone

    def note(self, record: JobRecord) -> None:
        """One more job has ended."""
        with self._guard:
            self._finished += 1
            self._failed += record.state is not JobState.SUCCEEDED

    def _watch_files(self) -> None:
        limit = self._sweep.spec.time_limit
        end = time.monotonic() + limit if limit else None
        while not self._over.wait(LOOK_SECONDS):
            if end is not None and time.monotonic() >= end:
                self._sweep.stop("time limit")
                end = None
            with contextlib.suppress(RecordError):
                self._sweep.stop(
                    "cancelled",
                    kill=read_bytes(self._sweep.paths.cancel, limit=64).strip() == b"kill",
                )

    def _watch_engine(self) -> None:
        if self._run_id is None:
            return
        artifact: UUID | None = None
        shown = -1
        with contextlib.suppress(Exception):
            self._tag()
        while True:
            over = self._over.wait(ENGINE_SECONDS if artifact else 0.0)
            with self._guard:
                finished, failed = self._finished, self._failed
            with contextlib.suppress(Exception):  # the engine may be away; it is asked again
                artifact = artifact or start_progress(self._sweep.spec.exp_name)
                if finished != shown:
                    move_progress(artifact, finished, self._total, failed)
                    shown = finished
                if not over and self._cancelled_in_engine():
                    self._sweep.stop("cancelled")
            if over:
                return
            if artifact is None:
                over = self._over.wait(ENGINE_SECONDS)

    def _tag(self) -> None:
        """Tags on the flow run alone: task runs would inherit those of a `tags` block and pay a
        request each."""
        tags = {"sweeptree", self._sweep.spec.exp_name, f"host:{platform.node()}"}
        tags |= {f"gpu:{device.name}" for device in self._sweep.prepared.detection.devices}
        if self._run_id is not None:
            with get_client(sync_client=True) as client:
                client.update_flow_run(UUID(self._run_id), tags=sorted(tags))

    def _cancelled_in_engine(self) -> bool:
        if self._run_id is None:
            return False
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(UUID(self._run_id)).state
        return state is not None and state.type in (StateType.CANCELLING, StateType.CANCELLED)
