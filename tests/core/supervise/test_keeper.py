"""The program that keepers run in."""

import socket
import subprocess
import sys
from pathlib import Path

from sweeptree.supervise import keeper

PROGRAM = str(Path(keeper.__file__))


def test_it_ends_when_its_driver_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        argv = [sys.executable, "-I", "-S", PROGRAM, str(theirs.fileno())]
        program = subprocess.Popen(argv, pass_fds=[theirs.fileno()])
    ours.close()
    assert program.wait(20) == 0


def test_it_loads_no_library_that_a_keeper_does_not_need() -> None:
    text = "import sys; sys.path.append(sys.argv[1]); import sweeptree.supervise.nursery\n"
    text += "print(*sys.modules)"
    source = str(Path(PROGRAM).parents[2])
    argv = [sys.executable, "-I", "-S", "-c", text, source]
    loaded = set(subprocess.check_output(argv, text=True).split())
    assert "sweeptree.supervise.command" in loaded
    assert not loaded & {"typing", "dataclasses", "pathlib", "subprocess", "threading", "pydantic"}
