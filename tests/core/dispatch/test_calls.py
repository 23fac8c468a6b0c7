"""A call runs in the background, is found again by its folder, and ends when it is told to."""

import os
from pathlib import Path

from core.dispatch.chat_kit import background, until
from sweeptree.dispatch.calls import Call, CallState, Order, begin, program
from sweeptree.dispatch.chat_folder import ChatFolder

STUBBORN = """
import signal, subprocess, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
print(child.pid, flush=True)
time.sleep(600)
"""


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_its_exit_code_and_output_stay(tmp_path: Path) -> None:
    call = background(tmp_path, "import sys; print('{\"a\": 1}'); sys.exit(7)")
    assert call.wait(20) is CallState.ENDED
    assert (call.exit_code, call.document()) == (7, {"a": 1})


def test_it_runs_on_without_us_and_says_so(tmp_path: Path) -> None:
    call = background(tmp_path, "import time; time.sleep(600)")
    assert call.state is CallState.RUNNING and call.exit_code is None
    assert call.stop(1.0) is not CallState.RUNNING


def test_what_was_killed_is_lost(tmp_path: Path) -> None:
    call = background(tmp_path, "import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    assert call.wait(20) is CallState.LOST


def test_stop_is_as_ctrl_c(tmp_path: Path) -> None:
    call = background(tmp_path, "print('up', flush=True)\nimport time\ntime.sleep(600)")
    until(lambda: "up" in call.printed("stdout"))
    assert call.stop(10) is CallState.ENDED
    assert "KeyboardInterrupt" in call.printed("stderr")


def test_what_does_not_listen_is_killed_with_its_children(tmp_path: Path) -> None:
    call = background(tmp_path, STUBBORN)
    until(lambda: call.printed("stdout").strip().isdecimal())
    assert call.stop(0.3) is not CallState.RUNNING
    until(lambda: not is_there(int(call.printed("stdout"))))


def test_a_verb_runs_where_it_was_asked_for(repo: Path, tmp_path: Path) -> None:
    order = Order("status", ("status", "--json"), repo)
    call = begin(ChatFolder(tmp_path / "chat"), order)
    assert call.wait(30) is CallState.ENDED
    document = call.document()
    assert document is not None and document["results_dir"] == str(repo / "results")


def test_nothing_is_imported_from_the_folder_that_it_runs_in() -> None:
    assert "-P" in program(["status"])


def test_what_it_left_can_be_forgotten(tmp_path: Path) -> None:
    call = background(tmp_path, "pass")
    call.wait(20)
    call.forget()
    assert not call.folder.exists() and Call(call.folder).state is CallState.LOST
