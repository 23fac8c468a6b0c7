"""Runs one command in the background for a chat, and leaves what it printed and its exit code.

    python -I -S call_runner.py FOLDER ALIVE COMMAND...

It goes into a session of its own, so that the chat may end, and holds the lock on the open file
ALIVE (a handle) as long as the command runs. Standard library only, and run by its path: it is up
in milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import IO

MAX_OUTPUT_BYTES = 16 * 1024 * 1024
_LAST_WORDS_SECONDS = 2.0
_CHUNK = 65536


def main(argv: list[str]) -> int:
    """Leave a child that runs the command, and return once it can be stopped."""
    folder, command = argv[1], argv[3:]
    is_ready, ready = os.pipe()
    if os.fork():
        os.close(ready)
        os.read(is_ready, 1)
        return 0
    os.setsid()
    _let_go_of_the_chat()
    _write(folder, "process", json.dumps([os.getpid(), _start_ticks()]))
    os.close(ready)
    _run(folder, command)
    os._exit(0)


def _let_go_of_the_chat() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave_it_to_the_command)


def _leave_it_to_the_command(number: int, frame: object) -> None:
    """A handler, and not SIG_IGN, which the command would inherit."""


def _run(folder: str, command: list[str]) -> None:
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    pumps = [_pump(child.stdout, f"{folder}/stdout"), _pump(child.stderr, f"{folder}/stderr")]
    code = child.wait()
    deadline = time.monotonic() + _LAST_WORDS_SECONDS
    for pump in pumps:  # what the command left in the background may keep its output open
        pump.join(max(0.0, deadline - time.monotonic()))
    _write(folder, "exit_code", str(code))


def _pump(source: IO[bytes], path: str) -> threading.Thread:
    thread = threading.Thread(target=_copy, args=(source, path), daemon=True)
    thread.start()
    return thread


def _copy(source: IO[bytes], path: str) -> None:
    """Copy up to a bound, and read on beyond it, so that the command never waits for us."""
    left = MAX_OUTPUT_BYTES
    with open(path, "wb", buffering=0) as file:  # noqa: PTH123 - pathlib would double the start
        while chunk := os.read(source.fileno(), _CHUNK):
            file.write(chunk[:left])
            left -= min(left, len(chunk))


def _write(folder: str, name: str, text: str) -> None:
    aside = f"{folder}/.{name}"
    with open(aside, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
    os.replace(aside, f"{folder}/{name}")  # noqa: PTH105


def _start_ticks() -> int:
    """When this process started, as `system.processes.start_ticks` says it; 0 without /proc."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123
            return int(file.read().rpartition(b")")[2].split()[19])
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
