"""Why a command failed, put into words, and whether it was for want of memory.

Hides what the kernel and the libraries of CUDA say when there is not enough. Standard library only.
"""

from __future__ import annotations

import os
import signal

from sweeptree.supervise.files import last_words
from sweeptree.system.processes import read_small

GPU_LOST, GPU_MEMORY, HOST_MEMORY = "gpu_lost", "gpu_memory", "host_memory"
_TAIL = 65536
_NEXT_TO_NOTHING = 1 << 20  # bytes that whoever fills a disk may leave, having written more at once
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127  # as a shell says it
_KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)  # the command itself, as a shell says it
_GPU_WORDS = (
    b"CUDA out of memory",
    b"OutOfMemoryError: CUDA",
    b"torch.OutOfMemoryError",
    b"torch.cuda.OutOfMemoryError",
    b"CUDA error: out of memory",
    b"CUDA_ERROR_OUT_OF_MEMORY",
    b"cudaErrorMemoryAllocation",
    b"CUBLAS_STATUS_ALLOC_FAILED",
    b"CUDNN_STATUS_ALLOC_FAILED",
    b"CUSOLVER_STATUS_ALLOC_FAILED",
    b"cupy.cuda.memory.OutOfMemoryError",
    b"RESOURCE_EXHAUSTED: Out of memory",
    b"OOM when allocating tensor",
)


class Verdict:
    """How an attempt ended: a `JobState`, why, and the `Cause` that a retry is decided by."""

    __slots__ = ("cause", "reason", "state")

    def __init__(self, state: str, reason: str = "", cause: str | None = None) -> None:
        self.state = state
        self.reason = reason
        self.cause = cause


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since boot."""
    try:
        after = read_small("/proc/vmstat").partition(b"\noom_kill ")[2]
        return int(after.split(b"\n")[0])
    except (OSError, ValueError):
        return 0


def group_oom_kills(membership: str = "/proc/self/cgroup", root: str = "/sys/fs/cgroup") -> int:
    """How many processes of our control group the kernel has killed for want of memory.

    0 where that cannot be read, as in the root group. Version 2 counts in memory.events, version 1
    in memory.oom_control.
    """
    try:
        lines = read_small(membership).decode().splitlines()
    except (OSError, ValueError):
        return 0
    return sum(_kills_in(file) for file in _counting_files(lines, root))


def _counting_files(lines: list[str], root: str) -> list[str]:
    """Where the groups of these lines (ID:CONTROLLERS:PATH) count; one of them is there."""
    files = []
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            files.append(f"{root}{path}/memory.events")
        elif "memory" in controllers.split(","):
            files.append(f"{root}/memory{path}/memory.oom_control")
    return files


def _kills_in(file: str) -> int:
    try:
        after = (b"\n" + read_small(file)).partition(b"\noom_kill ")[2]
        return int(after.split(b"\n")[0])
    except (OSError, ValueError):
        return 0


class OomWatch:
    """Whether the kernel has killed for want of memory since this was made."""

    __slots__ = ("_group", "_machine")

    def __init__(self) -> None:
        self._machine = oom_kills()
        self._group = group_oom_kills()

    def killed(self, code: int) -> bool:
        """Whether that explains the end of a command with this code.

        A command that was killed itself: any kill on the machine may be its. One that lived on, as
        the parent of a process that was killed: one in our control group must be.
        """
        if code in _KILLED:
            return oom_kills() > self._machine
        return code != 0 and group_oom_kills() > self._group


def explain(code: int, log: str, *, out_of_memory: bool) -> str:
    """Why a command failed, in a few words; `out_of_memory`: the kernel killed for want of it."""
    if out_of_memory and code not in _KILLED:
        return f"out of host memory: a process was killed by SIGKILL (exit code {code})"
    return _explain_end(code, log, out_of_memory=out_of_memory)


def _explain_end(code: int, log: str, *, out_of_memory: bool) -> str:
    name = _signal_name(code)
    if out_of_memory:
        who = "" if code < 0 else "a process was "
        return f"out of host memory: {who}killed by {name}"
    if code < 0:
        return f"killed by {name or f'signal {-code}'}"
    if code == _NOT_FOUND:
        return _not_found(log)
    if code == _NOT_EXECUTABLE:
        return _not_executable(log)
    return f"exit code {code} (a process was ended by {name})" if name else f"exit code {code}"


def full_disk(*places: str) -> str:
    """A sentence about the first of these folders whose disk has next to no room; else ''."""
    for place in places:
        try:
            found = os.statvfs(place)
        except OSError:
            continue
        free = found.f_bavail * found.f_frsize
        if free < _NEXT_TO_NOTHING:
            return f"the disk of {os.uname().nodename} is full: {free >> 20} MB are free at {place}"
    return ""


def _signal_name(code: int) -> str:
    """The signal that an exit code tells of, the command's own end or a child's; '' for none."""
    number = -code if code < 0 else code - 128
    return signal.Signals(number).name if number in signal.valid_signals() else ""


def _not_found(log: str) -> str:
    words = last_words(log, "not found")
    return f"command not found ({words or f'exit code {_NOT_FOUND}'})"


def _not_executable(log: str) -> str:
    words = last_words(log, "ermission denied")
    return f"command cannot be executed ({words or f'exit code {_NOT_EXECUTABLE}'})"


def lacks_gpu_memory(log: str) -> bool:
    """Whether the end of a log says that a GPU had too little memory."""
    try:
        file = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        size = os.fstat(file).st_size
        tail = os.pread(file, _TAIL, max(0, size - _TAIL))
    finally:
        os.close(file)
    return any(words in tail for words in _GPU_WORDS)
