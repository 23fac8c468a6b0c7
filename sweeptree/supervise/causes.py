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
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127  # as a shell says it
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


def explain(code: int, log: str, *, out_of_memory: bool) -> str:
    """Why a command failed, in a few words."""
    name = _signal_name(code)
    if lacks_host_memory(code, out_of_memory=out_of_memory):
        who = "" if code < 0 else "a process was "
        return f"out of host memory: {who}killed by {name}"
    if code < 0:
        return f"killed by {name or f'signal {-code}'}"
    if code == _NOT_FOUND:
        return _not_found(log)
    if code == _NOT_EXECUTABLE:
        return _not_executable(log)
    return f"exit code {code} (a process was ended by {name})" if name else f"exit code {code}"


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


def lacks_host_memory(code: int, *, out_of_memory: bool) -> bool:
    """Whether the kernel killed the command for want of memory, as far as can be known."""
    return out_of_memory and code in (-signal.SIGKILL, 128 + signal.SIGKILL)


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
