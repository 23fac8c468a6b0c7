"""A sweep that was extended goes on where it ran before."""

from __future__ import annotations

from core.hosts.lanes.kit import Host
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.model.report import ReportState
from sweeptree.model.spec import Extension


def extended(order: LaneOrder, *commands: str) -> LaneOrder:
    extensions = (*order.spec.extensions, Extension(commands=commands))
    spec = order.spec.model_copy(update={"extensions": extensions})
    return order.model_copy(update={"spec": spec})


def test_jobs_that_were_added_run_on_a_host_that_had_a_lane(host: Host) -> None:
    first = host.order("echo 0")
    host.run(first, 1)
    twice = extended(extended(first, "echo 1"), "echo 2", "echo 3")
    host.offer([1, 2, 3])
    running = host.begin(twice)
    host.await_ends(4)
    host.driver.close()
    report = running.end()
    assert (report.state, report.states) == (ReportState.DONE, {"succeeded": 3})
    assert sorted(host.came()) == [0, 1, 2, 3]
    assert [twice.paths.log(n).read_text() for n in range(4)] == ["0\n", "1\n", "2\n", "3\n"]


def test_another_sweep_of_the_same_name_is_refused(host: Host) -> None:
    host.run(host.order("echo 0"), 1)
    report = host.begin(extended(host.order("echo 9"), "echo 1")).end()
    assert report.state is ReportState.REFUSED
    assert "another spec" in report.reason
