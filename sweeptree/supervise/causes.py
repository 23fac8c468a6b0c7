"""Why a command failed, put into words, and whether it was for want of memory.

Standard library only.

Hides what the kernel and the libraries of CUDA say when there is not enough.
"""

from __future__ import annotations

import os
import signal

from sweeptree.supervise.files import last_words
from sweeptree.system.processes import read_small

GPU_LOST, GPU_MEMORY, HOST_MEMORY = "gpu_lost", "gpu_memory", "host_memory"
_TAIL = 65536
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


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since boot."""
    try:
        return int(read_small("/proc/vmstat").partition(b"\noom_kill ")[2].split(b"\n")[0])
    except (OSError, ValueError):
        return 0


def explain(code: int, log: str, *, out_of_memory: bool) -> str:
    """Why a command failed, in a few words."""
    number = -code if code < 0 else code - 128
    name = signal.Signals(number).name if number in signal.valid_signals() else ""
    if number == signal.SIGKILL and out_of_memory:
        return f"out of host memory: {'' if code < 0 else 'a process was '}killed by {name}"
    if code < 0:
        return f"killed by {name or f'signal {number}'}"
    if code == 127:
        words = last_words(log, "not found")
        return f"command not found ({words})" if words else "command not found (exit code 127)"
    if code == 126:
        words = last_words(log, "ermission denied")
        return f"command cannot be executed ({words or 'exit code 126'})"
    return f"exit code {code}" + (f" (a process was ended by {name})" if name else "")


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
        tail = os.pread(file, _TAIL, max(0, os.fstat(file).st_size - _TAIL))
    finally:
        os.close(file)
    return any(words in tail for words in _GPU_WORDS)
