"""How an agent becomes a Prefect flow, and its report the state of the flow run: in this one place.

An agent is a function `(spec) -> report`. A mistake of the user ends its run as Refused and trouble
as Failed, each with one line and no traceback.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Flow, flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed

from sweeptree.engine.artifacts import publish_page
from sweeptree.engine.run_notices import RunEnd, telling_if_deployed
from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.model.report import Report, ReportState

REFUSED = "Refused"
P = ParamSpec("P")
R = TypeVar("R", bound=Report)

_FAILURES = {
    ReportState.REFUSED: REFUSED,
    ReportState.FAILED: "Failed",
    ReportState.TIMED_OUT: "TimedOut",
    ReportState.DELIVERY_FAILED: "DeliveryFailed",
}


def agent(
    name: str, *, run_name: str | None = None, page: bool = True
) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Make a flow of an agent's function; `page`: show its report's page as an artifact.

    Called without `return_state`, the flow returns the report, or raises what the function raised.
    """

    def make(work: Callable[P, R]) -> Flow[P, R]:
        @functools.wraps(work)
        def run(*args: P.args, **kwargs: P.kwargs) -> State[R]:
            telling = telling_if_deployed()
            try:
                report = work(*args, **kwargs)
            except SweeptreeError as error:
                telling.tell(_end_of_error(name, error))
                return _state_of_error(error)
            if page:
                _show(name, report)
            telling.tell(RunEnd(name, report.state, report.reason))
            return state_of(report)

        # Prefect looks up annotations where `run` is written, not where `work` is.
        cast("Any", run).__signature__ = inspect.signature(work, eval_str=True)
        made = flow(name=name, flow_run_name=run_name or name, persist_result=False)(run)
        return cast("Flow[P, R]", made)

    return make


def state_of(report: R) -> State[R]:
    """The state of a flow run whose agent gave this report."""
    if report.state.is_good:
        return Completed(message=report.reason or None, data=report)
    if report.state is ReportState.CANCELLED:
        return Cancelled(message=report.reason, data=report)
    return Failed(name=_FAILURES[report.state], message=report.reason, data=report)


def report_of(state: State[Any]) -> Report | None:
    """The report behind a flow run's state; None where the agent could not give one."""
    found = state.result(raise_on_failure=False)
    return found if isinstance(found, Report) else None


def _state_of_error(error: SweeptreeError) -> State[Any]:
    message = "; ".join([error.message, *error.hint])
    return Failed(name=REFUSED if _is_mistake(error) else "Failed", message=message, data=error)


def _end_of_error(name: str, error: SweeptreeError) -> RunEnd:
    state = ReportState.REFUSED if _is_mistake(error) else ReportState.FAILED
    return RunEnd(name, state, error.message)


def _is_mistake(error: SweeptreeError) -> bool:
    return isinstance(error, UsageError | Refused)


def _show(name: str, report: Report) -> None:
    """The report's page in the Prefect UI; the report stands also where it cannot be shown."""
    if report.reason:
        get_run_logger().info("%s", report.reason)
    if not report.markdown:
        return
    show_if_possible(lambda: publish_page(name, report.markdown))


def show_if_possible(publish: Callable[[], object]) -> None:
    """Make an artifact of a run; only its picture is missing where that fails."""
    try:
        publish()
    except Exception as error:
        get_run_logger().warning("An artifact could not be shown: %s", error)
