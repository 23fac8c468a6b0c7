"""Fetching files over HTTP: many at once, each verified before it gets its name, resumable, polite.

Hides: connection pools, proxies, retries and `.part` files. A file under its own name is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import urlsplit

import urllib3

from sweeptree import __version__
from sweeptree.ecg.wording import counted
from sweeptree.errors import SweeptreeError

TRIES = 4
CHUNK = 256 * 1024
MOST_FAILURES = 50
MOST_CONNECTIONS = 32
POLITE = {"physionet.org": 8}
_LONGEST_WAIT = 60.0
_RANDOM = random.SystemRandom()
_TIMEOUT = urllib3.Timeout(connect=15, read=30)
_PARTIAL = 206
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


T = TypeVar("T")


class FetchError(SweeptreeError):
    """A file could not be fetched."""


class Absent(FetchError):  # noqa: N818 - says what is the case
    """The server says that there is no such file."""


class _Again(Exception):  # noqa: N818 - never leaves this module
    """A try failed in a way that another one may mend. `after`: seconds the server asked for."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch: path below the base, most bytes it may have, its sha256 where known."""

    name: str
    limit: int
    sha256: str | None


@dataclass(slots=True)
class Tally:
    """How a batch went."""

    fetched: int = 0
    bytes: int = 0
    absent: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many files have ended, in whatever way."""
        return self.fetched + len(self.absent) + len(self.failed)


def _address(url: str) -> tuple[str, str]:
    """Scheme and host of an address. Raises FetchError for one that is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:  # a broken IPv6 address, or a port that is none
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise FetchError(f"{url} is no http or https address", hint="give a folder, a zip or a URL")
    return parts.scheme, host


class Client:
    """One server's connections.

    `pause` is the first wait between tries in seconds; it doubles each time.
    """

    def __init__(self, base: str, *, pause: float = 0.5) -> None:
        scheme, host = _address(base)
        self.base = base
        self.connections = POLITE.get(host, MOST_CONNECTIONS)
        self._pause = pause
        self._pool = _pool(scheme, host, self.connections)

    def get(self, wanted: Wanted) -> bytes:
        """The bytes of a small file, verified. Raises Absent or FetchError after the last try."""
        return self._try(wanted.name, lambda: self._once(wanted))

    def _try(self, name: str, action: Callable[[], T]) -> T:
        why = ""
        for number in range(TRIES):
            try:
                return action()
            except _Again as error:
                why = str(error)
                if number + 1 < TRIES:
                    time.sleep(self._wait(number, error.after))
        raise FetchError(
            f"{name} could not be fetched in {TRIES} tries: {why}",
            hint=("run the same command again", "or give a folder or zip: --source PATH"),
        )

    def _wait(self, number: int, asked_for: float) -> float:
        """Seconds before the next try: twice as long each time, and not all clients at once."""
        spread = _RANDOM.uniform(0.7, 1.3)
        doubled: float = self._pause * 2**number
        return min(_LONGEST_WAIT, max(asked_for, doubled * spread))

    def _once(self, wanted: Wanted) -> bytes:
        with self._open(wanted.name, {}) as answer:
            data = b"".join(_chunks(answer, wanted.limit))
        if wanted.sha256 and hashlib.sha256(data).hexdigest() != wanted.sha256:
            raise _Again("its sha256 is not the listed one")
        return data

    @contextlib.contextmanager
    def _open(self, name: str, headers: Mapping[str, str]) -> Iterator[urllib3.BaseHTTPResponse]:
        url = self.base + name
        try:
            answer = self._pool.request(
                "GET",
                url,
                headers=dict(headers),
                preload_content=False,
                decode_content=False,
                timeout=_TIMEOUT,
                retries=urllib3.Retry(total=None, connect=0, read=0, redirect=3, status=0, other=0),
            )
        except urllib3.exceptions.HTTPError as error:
            raise _Again(_short(error, url)) from error
        try:
            _check_status(answer, url)
            yield answer
        except (urllib3.exceptions.HTTPError, OSError) as error:
            answer.close()
            raise _Again(_short(error, url)) from error
        except BaseException:
            answer.close()  # an unread body would be taken for the next answer
            raise
        finally:
            answer.release_conn()

    def download(self, name: str, path: Path, progress: Callable[[int, int], None]) -> None:
        """Fetch one large file; an earlier try's `.part` is continued where the server allows."""
        part = path.with_name(f"{path.name}.part")
        self._try(name or path.name, lambda: self._continue(name, part, progress))
        part.replace(path)

    def _continue(self, name: str, part: Path, progress: Callable[[int, int], None]) -> None:
        tag_file = part.with_name(f"{part.name}.tag")
        have = part.stat().st_size if part.exists() else 0
        tag = tag_file.read_text() if have and tag_file.exists() else ""
        headers = {"Range": f"bytes={have}-", "If-Range": tag} if tag else {}
        with self._open(name, headers) as answer:
            tag_file.write_text(answer.headers.get("ETag", ""))
            first = have if answer.status == _PARTIAL else 0
            with part.open("r+b" if first else "wb") as stream:
                stream.seek(first)
                _write_rest(stream, answer, progress)
        tag_file.unlink()

    def length(self, name: str) -> int:
        """The size of a file in bytes as the server states it, 0 when it does not."""
        with self._open(name, {"Range": "bytes=0-0"}) as answer:
            span = answer.headers.get("Content-Range", "")
            whole = span.rpartition("/")[2] if "/" in span else answer.headers.get("Content-Length")
            answer.close()
            return int(whole or 0)

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()


def _write_rest(
    stream: BinaryIO, answer: urllib3.BaseHTTPResponse, progress: Callable[[int, int], None]
) -> None:
    """Write an answer's body, durably. Raises _Again when it ends early."""
    total = stream.tell() + int(answer.headers.get("Content-Length", 0))
    expected = total if "Content-Length" in answer.headers else 0
    for chunk in _chunks(answer, 1 << 40):
        stream.write(chunk)
        progress(stream.tell(), total)
    if expected and stream.tell() != expected:
        raise _Again(f"cut off after {stream.tell()} of {expected} bytes")
    stream.flush()
    os.fsync(stream.fileno())


def _pool(scheme: str, host: str, connections: int) -> urllib3.PoolManager:
    agent = {"User-Agent": f"sweeptree/{__version__}"}
    proxy = urllib.request.getproxies().get(scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        return urllib3.ProxyManager(proxy, maxsize=connections, block=True, headers=agent)
    return urllib3.PoolManager(maxsize=connections, block=True, headers=agent)


def _check_status(answer: urllib3.BaseHTTPResponse, url: str) -> None:
    if answer.status in (200, _PARTIAL):
        return
    if answer.status in (403, 404, 410):
        raise Absent(f"{url}: {answer.status}", hint="is the address right?")
    if answer.status in _AGAIN:
        after = answer.headers.get("Retry-After", "")
        seconds = float(after) if after.isdecimal() else 0.0
        raise _Again(f"the server answered {answer.status}", seconds)
    raise FetchError(f"{url}: the server answered {answer.status}", hint="is the address right?")


def _chunks(answer: urllib3.BaseHTTPResponse, limit: int) -> Iterator[bytes]:
    seen = 0
    for chunk in answer.stream(CHUNK, decode_content=False):
        seen += len(chunk)
        if seen > limit:
            answer.close()
            raise _Again(f"sends more than {limit} bytes")
        yield chunk


def _short(error: BaseException, url: str) -> str:
    """Why a server was not reached or stopped answering, in the system's words if it has some."""
    reason = getattr(error, "reason", None)
    if not isinstance(reason, BaseException):
        reason = error
    host = urllib3.util.parse_url(url).host
    for cause in (reason.__cause__, reason):
        if isinstance(cause, OSError) and cause.strerror:
            return f"{host}: {cause.strerror}"
    return f"{host}: {type(reason).__name__}: {str(reason)[:120]}"


def fetch_all(
    client: Client, root: Path, wanted: Sequence[Wanted], progress: Callable[[int, int], None]
) -> Tally:
    """Fetch every file that is not whole below `root`. Absent files are counted, not raised.

    Raises FetchError when others failed; what was fetched stays, and the same call goes on there.
    """
    tally, stop = Tally(), threading.Event()
    with ThreadPoolExecutor(max_workers=client.connections) as pool:
        waiting = iter(wanted)
        running: dict[Future[int], str] = {}
        try:
            for done in _drain(pool, waiting, running, lambda w: _one(client, root, w, stop)):
                _count(tally, running.pop(done), done)
                progress(tally.done, len(wanted))
                if len(tally.failed) >= MOST_FAILURES:
                    break
        finally:
            stop.set()
            for future in running:
                future.cancel()
    if tally.failed:
        name, why = tally.failed[0]
        raise FetchError(
            f"{counted(len(tally.failed), 'file')} could not be fetched, the first: {why or name}",
            hint="run the same command again: it goes on where this one stopped",
        )
    return tally


def _drain(
    pool: ThreadPoolExecutor,
    waiting: Iterator[Wanted],
    running: dict[Future[int], str],
    work: Callable[[Wanted], int],
) -> Iterator[Future[int]]:
    """Keep a bounded number of files in flight and give back each as it ends."""
    while True:
        for wanted in waiting:
            running[pool.submit(work, wanted)] = wanted.name
            if len(running) >= 256:
                break
        if not running:
            return
        yield from wait(list(running), return_when=FIRST_COMPLETED).done


def _count(tally: Tally, name: str, done: Future[int]) -> None:
    try:
        tally.bytes += done.result()
        tally.fetched += 1
    except Absent:
        tally.absent.append(name)
    except (FetchError, OSError) as error:
        tally.failed.append((name, str(error)))


def _one(client: Client, root: Path, wanted: Wanted, stop: threading.Event) -> int:
    """Fetch one file; the number of bytes that came over the network."""
    path = root / wanted.name
    if stop.is_set() or stands_whole(path, wanted):
        return 0
    data = client.get(wanted)
    put(path, data)
    return len(data)


def stands_whole(path: Path, wanted: Wanted) -> bool:
    """True when the file is there with the listed digest, or where none is known, at all."""
    try:
        if path.is_symlink() or path.stat().st_size > wanted.limit:
            return False
        if wanted.sha256 is None:
            return True
        return hashlib.sha256(path.read_bytes()).hexdigest() == wanted.sha256
    except OSError:
        return False


def put(path: Path, data: bytes) -> None:
    """Write a file under another name first, so that its own name only ever means the whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(part, flags, 0o644)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    part.replace(path)
