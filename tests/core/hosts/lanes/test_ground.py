"""A lane's plan on its host: worktrees with what the driver has put there."""

from __future__ import annotations

from core.hosts.lanes.kit import Host
from sweeptree.hosts.lanes.ground import OnItsHost
from sweeptree.hosts.lanes.order import Beside, LaneOrder
from sweeptree.model import JobState
from sweeptree.records import read_record
from sweeptree.sweep.preflight import OnThisMachine


def order_beside(host: Host, *commands: str, subfolder: str = ".") -> LaneOrder:
    """With a file and a folder beside the commit, and a variable."""
    source = host.folder.parent / "beside"
    (source / "data").mkdir(parents=True)
    (source / "data" / "x.txt").write_text("from the driver\n")
    (source / ".env").write_text("KEY=1\n")
    beside = Beside(source=source, links=("data",), copies=(".env",), environ={"DIGEST": "d1"})
    plain = host.order(*commands)
    return plain.model_copy(update={"beside": beside, "subfolder": subfolder})


def test_jobs_find_what_was_put_beside_the_commit(host: Host) -> None:
    order = order_beside(host, 'cat data/x.txt .env; echo "$DIGEST"; test -L data')
    report = host.run(order, 1)
    assert report.states == {"succeeded": 1}
    assert order.paths.log(0).read_text() == "from the driver\nKEY=1\nd1\n"


def test_commands_start_in_the_folder_that_the_sweep_was_started_in(host: Host) -> None:
    order = order_beside(host, "cat model.py", subfolder="ecg")
    host.run(order, 1)
    assert read_record(order.paths.record(0)).state is JobState.SUCCEEDED
    assert order.paths.log(0).read_text() == "WIDTH = 8\n"


def test_a_lane_takes_no_more_at_once_than_its_host_has_slots(host: Host) -> None:
    order = host.order("true", parallel=4096)
    alone = order.spec.model_copy(update={"parallel": None})
    slots = OnThisMachine().shares(alone, 20_000).parallel
    assert OnItsHost(order).shares(order.spec, 20_000).parallel == slots
    assert OnItsHost(order).shares(host.order("true", parallel=1).spec, 20_000).parallel == 1
