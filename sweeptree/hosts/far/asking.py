"""Asks a program on a host. Hides how it gets there, and how its answer and its trouble look."""

from __future__ import annotations

import contextlib
import errno
import json
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.remote import Site

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Question:
    """What a program on a host is asked: the name of its module here, and its request as JSON."""

    program: str
    request: Mapping[str, Any]

    def head(self) -> bytes:
        """What the boot program reads."""
        program = _source(self.program)
        request = json.dumps(self.request).encode()
        return b"%d %d\n" % (len(program), len(request)) + program + request


@cache
def _source(name: str) -> bytes:
    return Path(__file__).with_name(f"{name}.py").read_bytes()


def _argv(site: Site) -> list[str]:
    return [site.host.python, "-I", "-S", "-c", _source("boot").decode()]


def ask(
    site: Site, question: Question, data: bytes = b"", *, timeout: float | None = None
) -> dict[str, Any]:
    """The answer of a program. Raises SweeptreeError, and Refused where the host's disk is full."""
    done = site.remote.run(_argv(site), input=question.head() + data, timeout=timeout)
    return _answer(site, done.rc, done.out, done.err)


def start(site: Site, question: Question) -> subprocess.Popen[bytes]:
    """Start a program that goes on; its stdin stays open."""
    process = site.remote.start(_argv(site))
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # its end will say why
        process.stdin.write(question.head())
        process.stdin.flush()
    return process


def pour(site: Site, question: Question, chunks: Iterable[bytes]) -> dict[str, Any]:
    """Ask a program that reads a long stream. Raises what `ask` raises."""
    process = start(site, question)
    with process, _drained(process) as errors:
        assert process.stdout is not None
        try:
            _write(process, chunks)
        except BaseException:
            process.kill()
            raise
        out = process.stdout.read()
    words = b"".join(errors).decode(errors="replace")
    return _answer(site, process.returncode, out, words)


def _write(process: subprocess.Popen[bytes], chunks: Iterable[bytes]) -> None:
    """Write all; a program that has ended says itself why."""
    stream = process.stdin
    assert stream is not None
    with contextlib.suppress(BrokenPipeError):
        for chunk in chunks:
            stream.write(chunk)
        stream.flush()
    with contextlib.suppress(BrokenPipeError):
        stream.close()


@contextlib.contextmanager
def _drained(process: subprocess.Popen[bytes]) -> Iterator[list[bytes]]:
    """What the process says on stderr, read beside, so that it never waits for us."""
    found: list[bytes] = []
    stream = process.stderr
    if stream is None:
        yield found
        return
    reader = threading.Thread(target=lambda: found.append(stream.read()), daemon=True)
    reader.start()
    try:
        yield found
    finally:
        reader.join()


def _answer(site: Site, code: int, out: bytes, err: str) -> dict[str, Any]:
    name = site.host.name
    try:
        answer = json.loads(out)
    except ValueError:
        words = err.strip()[-_SHOWN:] or f"exit code {code}"
        raise SweeptreeError(
            f"{name} did not do what it was asked: {words}", hint=f"sweeptree hosts check {name}"
        ) from None
    if "error" in answer:
        raise trouble(site, answer["error"], answer.get("errno"))
    return dict(answer)


def trouble(site: Site, words: str, number: int | None) -> SweeptreeError:
    """What a host said, as an error with the next command."""
    host = site.host
    if number in _FULL:
        return Refused(
            f"the disk of {host.name} is full: {words}",
            hint=f"ssh {host.address} df -h {host.home}",
        )
    return SweeptreeError(f"{host.name}: {words}", hint=f"sweeptree hosts check {host.name}")
