"""Run one command and say what it and everything it left behind cost: wall time, CPU, memory, and
noise.

    python -m tests.bench.measure RESULT.json [--beside PID] -- ARGV...

Hides how the CPU of a whole process tree is counted. RUSAGE_CHILDREN misses a process that was
never waited for (a keeper's parent ignores SIGCHLD), so a task clock that children inherit is read
from perf_event_open where the kernel lets us, and RUSAGE_CHILDREN elsewhere; the result names
which. The process is a sub-reaper, so daemons that a tool detaches (the workers of a queue) are
waited for and counted too.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFTOVER_SECONDS = 60.0
_PR_SET_CHILD_SUBREAPER = 36
_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
_SOFTWARE, _TASK_CLOCK, _INHERIT = 1, 1, 1 << 1  # perf_event_attr in linux/perf_event.h
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost.

    Seconds; `other` is the share of all cores that other processes used meanwhile.
    """

    code: int
    wall: float
    cpu: float
    counted_by: str
    beside_cpu: float
    other: float
    max_rss_mb: float


def measured(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path | None = None,
    beside: int | None = None,
) -> Cost:
    """Run `argv` under a measuring process of its own.

    `beside` is a server whose CPU is no noise.
    """
    with tempfile.TemporaryDirectory(prefix="measure-") as folder, contextlib.ExitStack() as stack:
        result = Path(folder) / "result.json"
        output = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        options = ["--beside", str(beside)] if beside else []
        subprocess.run(
            [sys.executable, "-I", "-S", __file__, str(result), *options, "--", *argv],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=True,
        )
        return Cost(**json.loads(result.read_bytes()))


def process_cpu(pid: int) -> float:
    """Seconds of CPU that a living process and the children it waited for have used; 0 when it is
    gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICK


def settled_cpu(pid: int, *, calm: float = 1.0, patience: float = 120.0) -> float:
    """`process_cpu` once the process has come to rest: less than a tenth of a core for `calm`
    seconds."""
    deadline, now = time.monotonic() + patience, process_cpu(pid)
    while time.monotonic() < deadline:
        time.sleep(calm)
        before, now = now, process_cpu(pid)
        if now - before < 0.1 * calm:
            break
    return now


def _busy() -> float:
    """Seconds of CPU that all processes of the machine have used since boot."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / _TICK


def _clock_of(pid: int) -> int | None:
    """A task clock of `pid` and every process that it makes from now on; None where perf events are
    refused."""
    number = _PERF_EVENT_OPEN.get(platform.machine())
    if number is None or not sys.platform.startswith("linux"):
        return None
    attributes = bytearray(112)
    struct.pack_into(
        "<IIQQQQQ", attributes, 0, _SOFTWARE, len(attributes), _TASK_CLOCK, 0, 0, 0, _INHERIT
    )
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    file = ctypes.CDLL(None).syscall(number, buffer, pid, -1, -1, 0)
    return file if file >= 0 else None


def _start(argv: Sequence[str]) -> tuple[int, int | None]:
    """Fork, put a clock on the child, then let it become the command."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os.read(ready, 1)
        os.execvp(argv[0], list(argv))
    clock = _clock_of(pid)
    os.write(go, b"x")
    os.close(ready)
    os.close(go)
    return pid, clock


def _reap_rest() -> None:
    """Wait for all that the command left behind; what stays for too long is asked to end."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline:
                    _end_children()
                    deadline += 5.0
                time.sleep(0.02)


def _end_children() -> None:
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGTERM)


def measure(argv: Sequence[str], beside: int | None = None) -> Cost:
    """Run `argv` here. Once per process: the figures of all its children are summed up."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    busy, server, began = _busy(), process_cpu(beside) if beside else 0.0, time.perf_counter()
    pid, clock = _start(argv)
    _, status = os.waitpid(pid, 0)
    wall = time.perf_counter() - began
    _reap_rest()
    whole = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = usage.ru_utime + usage.ru_stime
    if clock is not None:
        cpu = struct.unpack("Q", os.read(clock, 8))[0] / 1e9
    served = process_cpu(beside) - server if beside else 0.0
    other = max(0.0, _busy() - busy - cpu - served) / (whole * (os.cpu_count() or 1))
    counted_by = "rusage" if clock is None else "perf"
    return Cost(
        os.waitstatus_to_exitcode(status),
        wall,
        cpu,
        counted_by,
        served,
        round(other, 3),
        usage.ru_maxrss / 1024,
    )


def main() -> None:
    """Measure the command line and write the result."""
    words = sys.argv[1:]
    split = words.index("--")
    options, argv = words[:split], words[split + 1 :]
    beside = int(options[2]) if len(options) > 2 else None
    cost = measure(argv, beside)
    Path(options[0]).write_text(json.dumps(asdict(cost)))


if __name__ == "__main__":
    main()
