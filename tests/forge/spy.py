"""Looks for a token where other people of the machine, or a job's own code, could see it."""

import base64
import os
import threading
import time
from pathlib import Path
from types import TracebackType


def forms(token: str) -> tuple[bytes, ...]:
    """The token as it is, and as git's Basic header has it (without the padding)."""
    return token.encode(), base64.b64encode(f"x-access-token:{token}".encode()).rstrip(b"=")


def files_with(token: str, *folders: Path) -> list[Path]:
    """The files below the folders that hold the token in any form."""
    files = [
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink()
    ]
    return [file for file in files if any(form in file.read_bytes() for form in forms(token))]


class Spy:
    """While it is entered: samples the words of every process, and the environment of every job.

    `words`, `environments`: where the token was seen; `pushes`, `jobs`: what was looked at. `mark`:
    a file that is made once a job's environment was read, so that a job can wait for it.
    """

    def __init__(self, token: str, mark: Path) -> None:
        self._forms = forms(token)
        self._mark = mark
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.words: list[bytes] = []
        self.environments: list[bytes] = []
        self.pushes: set[str] = set()
        self.jobs: set[str] = set()

    def __enter__(self) -> "Spy":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.is_set():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                self._look(pid, _read(pid, "cmdline"), _read(pid, "environ"))
            time.sleep(0.001)

    def _look(self, pid: str, words: bytes, environment: bytes) -> None:
        if self._is_in(words):
            self.words.append(words)
        if b"\0push\0" in words:
            self.pushes.add(pid)
        if b"\0SWEEPTREE_JOB=" in b"\0" + environment:
            self.jobs.add(pid)
            self._mark.touch()
            if self._is_in(environment):
                self.environments.append(environment)

    def _is_in(self, data: bytes) -> bool:
        return any(form in data for form in self._forms)


def _read(pid: str, name: str) -> bytes:
    try:
        return Path("/proc", pid, name).read_bytes()
    except OSError:  # it has ended, or belongs to somebody else
        return b""
