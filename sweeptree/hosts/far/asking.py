"""Asks a program on a host. Hides how it gets there, and how its answer and its trouble look."""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.remote import Site, Stream

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
    here = Path(__file__)
    return here.with_name(f"{name}.py").read_bytes()


def _argv(site: Site) -> list[str]:
    boot = _source("boot").decode()
    return [site.host.python, "-I", "-S", "-c", boot]


def ask(
    site: Site, question: Question, data: bytes = b"", *, timeout: float | None = None
) -> dict[str, Any]:
    """The answer of a program. Raises SweeptreeError, and Refused where the host's disk is full."""
    given = question.head() + data
    done = site.remote.run(_argv(site), given, timeout)
    said = done.err.decode(errors="replace")
    return _answer(site, done.out, said, done.rc)


@contextlib.contextmanager
def talk(site: Site, question: Question) -> Iterator[Stream]:
    """A program that goes on; its stdin stays open."""
    with site.remote.stream(_argv(site)) as stream:
        with contextlib.suppress(BrokenPipeError):  # its end will say why
            stream.stdin.write(question.head())
            stream.stdin.flush()
        yield stream


def pour(site: Site, question: Question, chunks: Iterable[bytes]) -> dict[str, Any]:
    """Ask a program that reads a long stream. Raises what `ask` raises."""
    with talk(site, question) as stream:
        with contextlib.suppress(BrokenPipeError):  # a program that has ended says itself why
            for chunk in chunks:
                stream.stdin.write(chunk)
            stream.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            stream.stdin.close()
        out = stream.stdout.read()
        return _answer(site, out, stream.said(), stream.poll())


def _answer(site: Site, out: bytes, err: str, code: int | None) -> dict[str, Any]:
    name = site.host.name
    try:
        answer = json.loads(out)
    except ValueError:
        words = err.strip()[-_SHOWN:] or f"it ended with code {code} and no answer"
        raise SweeptreeError(
            f"{name} did not do what it was asked: {words}", hint=f"sweeptree hosts check {name}"
        ) from None
    if "error" in answer:
        error = trouble(site, answer["error"], answer.get("errno"))
        error.hint = (*answer.get("lines", ()), *error.hint)
        raise error
    return dict(answer)


def trouble(site: Site, words: str, number: int | None) -> SweeptreeError:
    """What a host said, as an error with the next command."""
    host = site.host
    if number in _FULL:
        return Refused(
            f"the disk of {host.name} is full: {words}",
            hint=site.remote.typed("df", "-h", host.home),
        )
    return SweeptreeError(f"{host.name}: {words}", hint=f"sweeptree hosts check {host.name}")
