"""`prefect.engine` as the process of a lane runs it: without heartbeats.

Whether a lane lives is told by its lease. Heartbeats would tell it a second time, to automations
that have crashed living runs; and the first one has the server asked for the run's deployment, its
queue and its pool.
"""

from __future__ import annotations

import runpy

from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

PROGRAM = "prefect.engine"


def main() -> None:
    """Run the flow run that PREFECT__FLOW_RUN_ID names, and end the process with it."""
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
