"""Logs and metrics of a host's jobs, here while they grow: one stream per host.

    with Follower(site) as follower:
        follower.follow("/home/user/…/job_3.log", paths.log(3))

Hides the program on the host, its frames, and that a connection that is lost or silent is made
again and goes on where the files here end. A file that was replaced or cut there starts anew here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.far.asking import Question, talk
from sweeptree.hosts.far.follow import DATA, HEAD, RESTART
from sweeptree.hosts.remote import Site, Stream

SILENCE = 10.0  # seconds without a frame (the program beats every two) until we connect again
_SLICE = 0.5
_CLOSING = 3.0
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
_CHUNK = 256 * 1024
_TAIL = 4096
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class _File:
    """A file that is followed; `offset`: how many bytes of it are here."""

    source: str
    dest: Path
    offset: int = 0


class Follower:
    """Follows files of one host in a thread of its own, until it is closed."""

    def __init__(self, site: Site, *, silence: float = SILENCE) -> None:
        self.troubles: dict[Path, str] = {}
        self._site = site
        self._silence = silence
        self._guard = threading.Lock()
        self._files: dict[int, _File] = {}
        self._next = 1
        self._stream: Stream | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"files of {site.host.name}", daemon=True
        )

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def follow(self, source: str, dest: Path) -> None:
        """Let `dest` grow as the file `source` of the host does, from what is here on."""
        with self._guard:
            number, self._next = self._next, self._next + 1
            self._files[number] = _File(source, dest)
            self._ask_for(number)

    def unfollow(self, dest: Path) -> None:
        """Write no more to this file; once this returns, nothing is on the way to it."""
        with self._guard:
            for number, file in list(self._files.items()):
                if file.dest == dest:
                    del self._files[number]
                    self._say({"file": number, "stop": True})

    def close(self) -> None:
        """Write nothing more, and end the stream.

        What has not come yet is left to the whole files at the end. A host that does not answer
        is not waited for.
        """
        self._closing.set()
        with self._guard:
            self._files.clear()
        self._thread.join(_CLOSING)

    def _run(self) -> None:
        tries = 0
        while not self._closing.is_set():
            began = time.monotonic()
            with contextlib.suppress(SweeptreeError, OSError, EOFError):
                self._connect()
            lasted = time.monotonic() - began
            tries = 0 if lasted > self._silence else tries + 1
            step = min(tries, len(_PAUSES) - 1)
            self._closing.wait(_PAUSES[step])

    def _connect(self) -> None:
        with talk(self._site, Question("follow", {})) as stream:
            self._attend(stream)

    def _attend(self, stream: Stream) -> None:
        """Take frames until the stream ends, is silent, or we close."""
        with self._guard:
            self._stream = stream
            for number in list(self._files):
                self._ask_for(number)
        try:
            for kind, number, offset, data in self._frames(stream):
                self._take(kind, number, offset, data)
        finally:
            with self._guard:
                self._stream = None

    def _ask_for(self, number: int) -> None:
        file = self._files[number]
        try:
            handle = os.open(file.dest, _OPEN, 0o644)
        except OSError as error:
            self._drop(number, error)
            return
        with os.fdopen(handle, "rb") as here:
            file.offset = os.fstat(handle).st_size
            size = min(file.offset, _TAIL)
            here.seek(file.offset - size)
            tail = hashlib.sha256(here.read(size)).hexdigest()
        order = {
            "file": number,
            "path": file.source,
            "offset": file.offset,
            "tail": [size, tail],
        }
        self._say(order)

    def _say(self, order: dict[str, object]) -> None:
        if self._stream is None:
            return
        line = json.dumps(order) + "\n"
        with contextlib.suppress(OSError, ValueError):  # the stream has ended: said again later
            self._stream.stdin.write(line.encode())
            self._stream.stdin.flush()

    def _frames(self, stream: Stream) -> Iterator[tuple[int, int, int, bytes]]:
        buffer = bytearray()
        while not self._closing.is_set():
            buffer += self._read(stream)
            while len(buffer) >= HEAD.size:
                kind, number, offset, length = HEAD.unpack_from(buffer)
                end = HEAD.size + length
                if len(buffer) < end:
                    break
                yield kind, number, offset, bytes(buffer[HEAD.size : end])
                del buffer[:end]

    def _read(self, stream: Stream) -> bytes:
        """What has come; empty when we close. Raises EOFError at the end and after a silence."""
        handle = stream.stdout.fileno()
        deadline = time.monotonic() + self._silence
        while time.monotonic() < deadline:
            if self._closing.is_set():
                return b""
            ready, _, _ = select.select([handle], [], [], _SLICE)
            if ready:
                data = os.read(handle, _CHUNK)
                if data:
                    return data
                break
        raise EOFError

    def _take(self, kind: int, number: int, offset: int, data: bytes) -> None:
        with self._guard:
            file = self._files.get(number)
            if file is None or kind not in (DATA, RESTART):
                return
            try:
                self._write(file, kind, offset, data)
            except OSError as error:
                self._drop(number, error)

    def _write(self, file: _File, kind: int, offset: int, data: bytes) -> None:
        """Append exactly here. Raises EOFError for a frame that is not the next one."""
        if kind == DATA and offset != file.offset:
            raise EOFError
        handle = os.open(file.dest, _OPEN, 0o644)
        try:
            if kind == RESTART:
                file.offset = 0
                os.ftruncate(handle, 0)
            rest = memoryview(data)
            while rest:
                done = os.pwrite(handle, rest, file.offset)
                file.offset += done
                rest = rest[done:]
        finally:
            os.close(handle)

    def _drop(self, number: int, error: OSError) -> None:
        """Follow this file no more: it cannot be written here. The others go on."""
        file = self._files.pop(number)
        self.troubles[file.dest] = f"{file.dest} cannot be written: {error.strerror}"
        self._say({"file": number, "stop": True})
