"""Whom a command tells, and what it tells."""

from pathlib import Path

import pytest

from core.cli_records import call
from core.publish.notify.far_side import far_side
from sweeptree.cli.telling import recipients_here, tell_end
from sweeptree.publish.notify import Occasion, Recipients
from sweeptree.records import SweepPaths

SECTION = '[notify]\nurls = ["json://${HOOK}/"]\non = ["failed"]\n'
RUN = ("run", "-n", "a", "--commands", '["true"]')


@pytest.fixture(autouse=True)
def _here(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    (repo / "sweeptree.toml").write_text(SECTION)
    monkeypatch.setenv("HOOK", "host")


def test_the_file_says_whom_and_of_what() -> None:
    found = recipients_here(())
    assert (found.urls, found.on) == (("json://host/",), {Occasion.FAILED})


def test_the_variable_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPTREE_NOTIFY", "json://other/")
    assert recipients_here(()).urls == ("json://other/",)


def test_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPTREE_NOTIFY", "json://other/")
    assert recipients_here(["json://third/"]).urls == ("json://third/",)


def test_a_variable_that_is_not_set_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HOOK")
    assert not recipients_here(())
    assert "names $HOOK, which is not set" in capsys.readouterr().err


def test_an_end_is_told_with_its_exit_code(tmp_path: Path) -> None:
    with far_side() as side:
        tell_end(Recipients((side.url,)), SweepPaths(tmp_path / "lr"), 4)
    assert side.got[0]["title"].startswith("lr needs you")


def test_an_address_that_cannot_be_used_is_refused_before_anything_starts(repo: Path) -> None:
    ran = call(*RUN, "--notify", "jsn://host/s3cr3t")
    assert (ran.code, "s3cr3t" in ran.err) == (2, False)
    assert not (repo / "results").exists()
