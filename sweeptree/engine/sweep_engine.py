"""Prefect as the engine of a sweep's run: its stages as task runs, its progress in the UI.

Hides: the tags and the limit by which GPU jobs are admitted, and the flow run of an earlier process
that died.
"""

from __future__ import annotations

import contextlib
import platform
import threading
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from prefect.context import FlowRunContext
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL

from sweeptree import gpus
from sweeptree.engine import earlier, server
from sweeptree.engine.pace import Pace
from sweeptree.engine.stage_runs import StageRuns, StageTask
from sweeptree.engine.watch import watched
from sweeptree.errors import ServerError
from sweeptree.sweep.results import RunStage
from sweeptree.sweep.run import Engine, Progress, WithoutEngine
from sweeptree.sweep.running import Sweep
from sweeptree.sweep.stages import RUN_COMMAND

_UNNAMED: Mapping[str, Any] = {
    "deployment_id": None,
    "work_queue_id": None,
    "work_pool_name": None,
    "tags": [],
}
LANE_SECONDS = 10.0  # between two looks of a lane at its flow run


def engine_here(tasks: Mapping[str, StageTask]) -> Engine:
    """The engine whose flow run we are in; without one the sweep runs by its files."""
    run_id = flow_run.get_root_flow_run_id() or flow_run.get_id()
    return PrefectEngine(run_id, tasks) if run_id is not None else WithoutEngine()


def lane_engine_here(tasks: Mapping[str, StageTask]) -> Engine:
    """The same for one host's share of a sweep, which is shown in a flow run of its own. Outside of
    `named_briefly`: it knows the run's tags."""
    run_id = flow_run.get_id()
    if run_id is None:
        return WithoutEngine()
    return LaneEngine(run_id, tasks, known=flow_run.get_tags())


@contextlib.contextmanager
def named_briefly() -> Iterator[None]:
    """What happens meanwhile is told with the run and its flow alone.

    Prefect tells each event of a task run with the run's deployment, queue, pool and tags too, and
    the server writes a row for each of them: nine rows an event in place of three.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        yield
        return
    run = context.flow_run.model_copy(update=_UNNAMED)
    with context.model_copy(update={"flow_run": run}):
        yield


class PrefectEngine:
    """Shows a sweep in this flow run; see `sweep.run.Engine`."""

    def __init__(self, run_id: str, tasks: Mapping[str, StageTask]) -> None:
        self._run_id = run_id
        self._tasks = tasks
        self._pace = Pace()

    @property
    def run_id(self) -> str:
        """The flow run that stands for the sweep."""
        return self._run_id

    def tell(self, text: str) -> None:
        """A line in the run's log."""
        with contextlib.suppress(MissingContextError):
            get_run_logger().warning(text)

    def note_earlier(self, sweep: Sweep, facts: Mapping[str, Any]) -> None:
        """Show the flow run of a process that died as crashed; its lock is ours now."""
        died = earlier.died(facts, self._run_id)
        if died is None:
            return
        try:
            earlier.mark_crashed(died, self._run_id)
        except Exception as error:  # only the picture of the dead run is wrong
            sweep.misses.add(f"that the flow run {died} has crashed: {error}")

    def stages(self, sweep: Sweep) -> RunStage:
        """Task runs; those of the command bear the tags that admit GPU jobs."""
        tags = _admission_tags(sweep)
        command = self._tasks[RUN_COMMAND.name].with_options(tags=tags)
        return StageRuns({**self._tasks, RUN_COMMAND.name: command}, sweep.misses)

    def shown(self, sweep: Sweep, progress: Progress) -> contextlib.AbstractContextManager[object]:
        """Tags and a progress artifact; a cancel in the UI is obeyed."""
        return watched(sweep, progress, self._run_id)

    def pace(self, stopping: threading.Event) -> None:
        """Wait while too many events are still to be sent."""
        self._pace.keep(stopping)


class LaneEngine(PrefectEngine):
    """A sweep's share on this host: its task runs bear no tags.

    Prefect's limit on them is asked before each command, and a lane has to go on while the server
    is away; the locks of the GPU slots admit its jobs.
    """

    def __init__(self, run_id: str, tasks: Mapping[str, StageTask], known: Collection[str]) -> None:
        super().__init__(run_id, tasks)
        self._known = known

    def stages(self, sweep: Sweep) -> RunStage:
        """Task runs that ask the server for nothing."""
        return StageRuns(self._tasks, sweep.misses)

    def shown(self, sweep: Sweep, progress: Progress) -> contextlib.AbstractContextManager[object]:
        """As for a sweep, less often: the sweep's own run shows all lanes together, and one server
        serves them all."""
        return watched(sweep, progress, self._run_id, seconds=LANE_SECONDS, known=self._known)


def _admission_tags(sweep: Sweep) -> tuple[str, ...]:
    """The tags of the command's task runs, and Prefect's limit on them: the GPU slots and as many
    waiting jobs.

    The limit must never lie between a freed GPU and its next job: a task passes it first, then its
    keeper waits for the device (docs/decisions/0004). Without GPUs there are no tags, because each
    costs a request per task.
    """
    prepared = sweep.prepared
    if not prepared.gpus:
        return ()
    devices, host = prepared.detection.devices, platform.node()
    try:
        size = gpus.limit_size(devices, prepared.spec.gpu_mem)
        server.set_limit(str(PREFECT_API_URL.value()), gpus.limit_name(host), size)
    except ServerError as error:
        sweep.misses.add(error.message)
    return gpus.tags(devices, host)
