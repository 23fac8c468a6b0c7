"""The runner of a call: its own session, bounded output, an exit code that is written whole."""

import json
import os
from pathlib import Path

from core.dispatch.chat_kit import background, until
from sweeptree.dispatch import call_runner
from sweeptree.system.processes import start_ticks


def test_it_leads_a_session_of_its_own(tmp_path: Path) -> None:
    call = background(tmp_path, "import os, time; print(os.getsid(0), flush=True); time.sleep(600)")
    until(lambda: bool(call.printed("stdout").strip()))
    pid, ticks = json.loads((call.folder / "process").read_text())
    assert int(call.printed("stdout")) == pid != os.getsid(0)
    assert start_ticks(pid) == ticks
    call.stop(1.0)


def test_the_command_does_not_inherit_that_signals_are_ignored(tmp_path: Path) -> None:
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    call = background(tmp_path, code)
    call.wait(20)
    assert call.printed("stdout") == "True\n"


def test_output_is_bounded_and_the_command_does_not_wait(tmp_path: Path) -> None:
    more = call_runner.MAX_OUTPUT_BYTES + 200_000
    call = background(tmp_path, f"import sys; sys.stdout.write('x' * {more}); sys.exit(3)")
    call.wait(20)
    assert call.exit_code == 3
    assert (call.folder / "stdout").stat().st_size == call_runner.MAX_OUTPUT_BYTES


def test_who_keeps_the_output_open_holds_nothing_up(tmp_path: Path) -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '20'])"
    call = background(tmp_path, code)
    call.wait(10)
    assert call.exit_code == 0
