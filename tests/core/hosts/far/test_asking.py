"""Programs on a host: what they answer, and what becomes of their trouble."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from core.hosts.host_kit import CONFIG
from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.far.asking import Question, ask, pour, trouble
from sweeptree.hosts.remote import Site


def question(site: Site, **more: str) -> Question:
    request = {"verb": "look", "cache": site.place("x.git"), "commit": "0" * 40}
    return Question("cache", {**request, "format": "sha1", "origin": "", "branch": "", **more})


def test_an_answer_comes_back(site: Site) -> None:
    assert ask(site, question(site)) == {"there": False, "has": [], "why": ""}


def test_what_the_system_refuses_says_the_host_and_the_path(site: Site) -> None:
    Path(site.host.home).write_text("")
    with pytest.raises(SweeptreeError, match=r"gpu2: .*sweeptree.*File exists") as caught:
        ask(site, question(site))
    assert caught.value.hint == ("sweeptree hosts check gpu2",)


def test_a_python_that_does_not_run_the_program_is_an_error(site: Site) -> None:
    broken = replace(site, host=replace(site.host, python="/bin/false"))
    with pytest.raises(
        SweeptreeError,
        match="gpu2 did not do what it was asked: it ended with code 1 and no answer",
    ):
        ask(broken, question(site))


def test_a_program_that_fails_says_its_last_words(site: Site) -> None:
    with pytest.raises(SweeptreeError, match="KeyError: 'verb'"):
        ask(site, Question("cache", {"cache": site.place("x.git"), "format": "sha1"}))


def test_a_program_that_reads_nothing_ends_the_stream(site: Site) -> None:
    chunks = (b"x" * 100_000 for _ in range(100))
    with pytest.raises(SweeptreeError, match="pack signature mismatch"):
        pour(site, question(site, verb="pack"), chunks)


def test_a_full_disk_is_refused_with_the_command_that_shows_it(site: Site) -> None:
    far = replace(site, host=replace(site.host, home="/home/user/.sweeptree"))
    error = trouble(far, "No space left on device", errno.ENOSPC)
    assert isinstance(error, Refused)
    assert error.hint == (f"ssh -F {CONFIG} user@gpu2 df -h /home/user/.sweeptree",)
