"""A lane's process on its host: python -P -m sweeptree.hosts.lanes.process FOLDER.

Hides: that the engine reads the address and the secret of its server from the environment, before
it is imported; both come from a private file in the folder, so that no command line shows them.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.lanes.forwarder import HOST, Forwarder
from sweeptree.hosts.lanes.start_facts import LaneStart, read_start
from sweeptree.hosts.ssh.port_file import tunnel_port

ENGINE = "sweeptree.engine.lane_run"
LEAVE_SECONDS = 30.0
UNTOLD = 4  # the exit code of a process whose engine had no server to tell the rest


def main(words: Sequence[str]) -> int:
    """Run the lane of a folder; the exit code."""
    try:
        start = read_start(Path(words[0]))
        # never closed: the engine still has things to tell when the lane has ended
        forwarder = Forwarder(partial(tunnel_port, start.port_file)).start()
        os.environ.update(variables(start, forwarder.port))
        return _run(start)
    except (SweeptreeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def variables(start: LaneStart, port: int) -> Mapping[str, str]:
    """The environment of the lane: its server is at this port, unless it has another address."""
    address = {"PREFECT_API_URL": f"http://{HOST}:{port}/api"}
    run = {"PREFECT__FLOW_RUN_ID": start.flow_run} if start.flow_run else {}
    engine = {"PREFECT_HOME": str(start.home / "prefect")}
    beside = start.order.beside.environ
    return {**engine, **address, **start.access.environment, **run, **beside}


def _run(start: LaneStart) -> int:
    if start.flow_run is None:
        return _run_by_files(start)
    sys.argv = [ENGINE]
    runpy.run_module(ENGINE, run_name="__main__", alter_sys=True)
    return 0


def _leave_in_time() -> None:
    """See that the process ends soon: the engine would try for minutes to tell a dead server."""
    timer = threading.Timer(LEAVE_SECONDS, os._exit, (UNTOLD,))
    timer.daemon = True
    timer.start()


def _run_by_files(start: LaneStart) -> int:
    """The same lane without an engine that shows it."""
    from sweeptree.hosts.lanes.lane import run_lane
    from sweeptree.hosts.lanes.leasing import leases_of
    from sweeptree.sweep.run import WithoutEngine

    report = run_lane(start.order, leases_of(start), WithoutEngine())
    sys.stderr.write(f"{report.state}: {report.reason}\n")
    return 0 if report.state.is_good else 1


def as_program(words: Sequence[str]) -> NoReturn:
    """Run the lane, and end this process with it, in time."""
    try:
        sys.exit(main(words))
    finally:
        _leave_in_time()


if __name__ == "__main__":
    as_program(sys.argv[1:])
