"""What the machine lacks is told from what the code does wrong."""

import pytest

from core.repair.kit import failed
from sweeptree.repair.environment_errors import is_own_module, sort_failure
from sweeptree.repair.failures import FailureKind

FILES = ("ecg/model.py", "src/tool/cli.py", "tests/test_model.py", "data/known.csv")


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("ModuleNotFoundError: No module named 'torch.nn'", "install torch"),
        ("ImportError: libcudnn.so.9: cannot open shared object file: No such", "libcudnn.so.9"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "free the GPU"),
        ("RuntimeError: No CUDA GPUs are available", "needs a GPU"),
        ("OSError: [Errno 28] No space left on device", "make room"),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to allocate", "more memory"),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: 'data/raw/ptbxl.csv'",
            "fetch the data that the test reads: data/raw/ptbxl.csv",
        ),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "needs the network"),
    ],
)
def test_an_error_of_the_environment_gets_advice(message: str, advice: str) -> None:
    found = sort_failure(failed(message=message), FILES)
    assert found.kind is FailureKind.ENVIRONMENT
    assert advice in found.advice


@pytest.mark.parametrize(
    "message",
    [
        "ModuleNotFoundError: No module named 'ecg.modle'",
        "ModuleNotFoundError: No module named 'tool'",
        "FileNotFoundError: [Errno 2] No such file or directory: '/tmp/pytest-of-a/out.csv'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'settings.toml'",
        "ConnectError: 127.0.0.1 refused",
        "assert 'CUDA' == 'cuda'",
    ],
)
def test_an_error_of_the_code_is_real(message: str) -> None:
    assert sort_failure(failed(message=message), FILES).kind is FailureKind.REAL


def test_what_a_test_printed_says_nothing_of_its_error() -> None:
    noise = "retrying: No space left on device\n" + "later\n" * 20
    case = failed(message="assert 1 == 2", trace=noise + "E   assert 1 == 2")
    assert sort_failure(case, FILES).kind is FailureKind.REAL


def test_the_repositorys_own_modules_are_known_below_src_too() -> None:
    assert is_own_module("tool", FILES) and is_own_module("ecg", FILES)
    assert not is_own_module("torch", FILES)
