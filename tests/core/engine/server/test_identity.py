"""A process is the one that was meant only with its start time."""

from __future__ import annotations

import os
import subprocess

from sweeptree.engine.server.identity import Process, start_ticks


def test_another_start_time_is_another_process() -> None:
    me = os.getpid()
    ticks = start_ticks(me)
    assert Process.open(me, (ticks or 0) + 1) is None
    with Process.open(me, ticks) or Process(0, None) as found:
        assert found.pid == me and not found.ended(0)


def test_a_process_that_is_told_to_end_ends() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        process = Process.open(child.pid, start_ticks(child.pid))
        assert process is not None
        with process:
            process.terminate()
            assert process.ended(10)
        child.wait()
        assert Process.open(child.pid, None) is None
