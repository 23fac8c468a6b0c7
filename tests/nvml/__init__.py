"""A fake NVIDIA driver library under the real `pynvml`, for tests of whole processes.

fake = FakeDriver(build(folder), folder / "gpus.conf")
fake.configure("gpu mem=24576", "gpu mem=24576 lost=1")
subprocess.run([...], env={**os.environ, **fake.environment})
"""

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from sweeptree.gpus.slots import Driver

SOURCE = Path(__file__).with_name("fake_nvml.c")


def build(folder: Path, *flags: str) -> Path:
    """Compile the library into `folder` and return it; skips the test without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("the fake NVML needs a C compiler (cc)")
    library = folder / "libnvidia-ml.so.1"
    argv = [
        compiler,
        "-shared",
        "-fPIC",
        "-Wall",
        "-Wextra",
        "-Werror",
        *flags,
        "-o",
        str(library),
        str(SOURCE),
    ]
    subprocess.run(argv, check=True)
    return library


@dataclass(frozen=True)
class FakeDriver:
    """A built library and the file that says what it shows."""

    library: Path
    conf: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to see the fake GPUs."""
        return {"LD_LIBRARY_PATH": str(self.library.parent), "FAKE_NVML_CONF": str(self.conf)}

    def session(self) -> Driver:
        """A session with the fake in this very process."""
        library = ctypes.CDLL(str(self.library))
        assert library.nvmlInit_v2() == 0
        return Driver(library)

    @classmethod
    def make(cls, folder: Path) -> "FakeDriver":
        """Build the library into `folder`, with its configuration beside it, where every process
        finds it."""
        return cls(build(folder), folder / "gpus.conf")

    def append(self, line: str) -> None:
        """Add a line to what is shown."""
        self.configure(*self.conf.read_text().splitlines(), line)

    def configure(self, *lines: str) -> None:
        """Show this from now on, also to running processes; fake_nvml.c explains the lines."""
        aside = self.conf.with_suffix(".new")
        aside.write_text("".join(f"{line}\n" for line in lines))
        aside.replace(self.conf)
