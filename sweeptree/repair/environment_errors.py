"""Failures that no patch can fix: what the machine lacks. Pure.

Told by the words of the error that ended the test, never by what the test printed before it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection
from pathlib import PurePosixPath

from sweeptree.publish.checks import TestCase
from sweeptree.repair.failures import Failure, FailureKind

_MODULE = re.compile(r"ModuleNotFoundError: No module named ['\"]([\w.]+)['\"]")
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")
_NO_FILE = re.compile(
    r"(?:FileNotFoundError|OSError)[^\n]*No such file or directory: ['\"]([^'\"\n]+)['\"]"
)
_GPU_MEMORY = re.compile(r"CUDA out of memory|OutOfMemoryError: (?:CUDA|HIP)|CUBLAS_STATUS_ALLOC")
_NO_GPU = re.compile(
    r"no CUDA-capable device|Found no NVIDIA driver|No CUDA GPUs are available"
    r"|Torch not compiled with CUDA enabled"
)
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|\[Errno (?:28|122)\]")
_MEMORY = re.compile(r"^(?:E\s+)?(?:numpy\S*\.)?\w*MemoryError", re.MULTILINE)
_NETWORK = re.compile(
    r"Temporary failure in name resolution|Name or service not known|nodename nor servname"
    r"|Network is unreachable|No route to host|Max retries exceeded|getaddrinfo failed"
    r"|(?:ConnectTimeout|ProxyError|NewConnectionError|ConnectError)\b"
)
_LOOPBACK = re.compile(r"\b(?:127\.0\.0\.1|localhost|::1)\b")
_DATA_FOLDERS = frozenset({"data", "dataset", "datasets", "weights", "checkpoints", "models"})
_DATA_SUFFIXES = frozenset((
    ".npy", ".npz", ".csv", ".tsv", ".parquet", ".feather", ".h5", ".hdf5", ".pt", ".pth",
    ".ckpt", ".safetensors", ".pkl", ".pickle", ".mat", ".hea", ".dat", ".edf", ".wav",
    ".tfrecord", ".zarr", ".zip", ".gz", ".tar", ".bin", ".onnx", ".db", ".sqlite",
))  # fmt: skip
_LAST_LINES = 12

_GPU_ADVICE = "free the GPU (sweeptree gpus shows who holds it), or run the tests on a larger one"
_SPACE_ADVICE = "make room on the disk (df -h shows which one is full), then run it again"
_MEMORY_ADVICE = "run the tests with more memory, or fewer of them at once"
_NETWORK_ADVICE = "the test needs the network: run it where there is one, or mark it"
_NO_GPU_ADVICE = "the test needs a GPU: run it where there is one, or mark it"


def sort_failure(case: TestCase, files: Collection[str]) -> Failure:
    """A failing test as a failure of the environment where it is one, else as a real one.

    `files`: the files of the commit, which tell the repository's own modules and data.
    """
    words = _last_words(case)
    advice = _missing_module(words, files) or _missing_file(words, files) or _exhausted(words)
    if advice is None:
        return Failure(case)
    return Failure(case, FailureKind.ENVIRONMENT, advice)


def _last_words(case: TestCase) -> str:
    """The error that ended the test: its message and the end of its traceback."""
    trace = case.trace.rstrip().splitlines()[-_LAST_LINES:]
    return "\n".join([case.message, *trace])


def _missing_module(words: str, files: Collection[str]) -> str | None:
    found = _MODULE.search(words)
    if found is None:
        library = _LIBRARY.search(words)
        return f"install the system library {library[1]}" if library else None
    name = found[1]
    if is_own_module(name.partition(".")[0], files):
        return None
    return (
        f"install {name.partition('.')[0]} in the environment that runs the tests, "
        "and name it among the project's dependencies"
    )


def is_own_module(name: str, files: Collection[str]) -> bool:
    """Whether the repository itself holds a module of this name, at its top or below src/ and the
    like."""
    wanted = {f"{name}.py", name}
    return any(_begins_module(PurePosixPath(path), wanted) for path in files)


def _begins_module(path: PurePosixPath, wanted: set[str]) -> bool:
    is_python = path.suffix in (".py", ".pyi", ".pyx")
    return is_python and bool(wanted & set(path.parts[:3]))


def _missing_file(words: str, files: Collection[str]) -> str | None:
    found = _NO_FILE.search(words)
    if found is None:
        return None
    name = found[1]
    path = PurePosixPath(name)
    if len(path.parts) == 1 and not path.suffix and "subprocess" in words:
        return f"install the program {name}"
    if _is_made_by_tests(name) or _is_in_repository(path, files) or not _looks_like_data(path):
        return None
    return f"fetch the data that the test reads: {name}"


def _is_made_by_tests(name: str) -> bool:
    """A file in a temporary folder is missing because the code did not make it."""
    return name.startswith((tempfile.gettempdir(), "/tmp/")) or "pytest-of-" in name  # noqa: S108


def _is_in_repository(path: PurePosixPath, files: Collection[str]) -> bool:
    return not path.is_absolute() and str(path) in files


def _looks_like_data(path: PurePosixPath) -> bool:
    return path.suffix in _DATA_SUFFIXES or bool(_DATA_FOLDERS & set(path.parts[:-1]))


def _exhausted(words: str) -> str | None:
    if _GPU_MEMORY.search(words):
        return _GPU_ADVICE
    if _NO_GPU.search(words):
        return _NO_GPU_ADVICE
    if _NO_SPACE.search(words):
        return _SPACE_ADVICE
    if _NETWORK.search(words) and not _LOOPBACK.search(words):
        return _NETWORK_ADVICE
    return _MEMORY_ADVICE if _MEMORY.search(words) else None
