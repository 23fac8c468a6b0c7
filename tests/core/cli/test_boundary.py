"""The edge of the process: exit codes, messages, tracebacks, streams."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep, spawn
from sweeptree.cli import boundary
from sweeptree.errors import GitError, Refused, UsageError


def ending(error: BaseException, *, debug: bool = False) -> int:
    """The exit code of a command that raises."""

    def command() -> int:
        raise error

    return boundary.guarded(command, argv=["status"], debug=debug)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (Refused("x"), 3),
        (GitError("x"), 1),
        (KeyboardInterrupt(), 130),
        (SystemExit(5), 5),
    ],
)
def test_errors_become_exit_codes(error: BaseException, code: int) -> None:
    assert ending(error) == code


def test_an_error_shows_message_and_hints(capsys: pytest.CaptureFixture[str]) -> None:
    ending(Refused("the tree is dirty", hint=("git add .", "or --dirty snapshot")))
    assert (
        capsys.readouterr().err
        == "sweeptree: the tree is dirty\n  git add .\n  or --dirty snapshot\n"
    )


def test_an_unexpected_error_keeps_its_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.environ["SWEEPTREE_HOME"] = str(tmp_path / "state")
    try:
        code = ending(ZeroDivisionError("oh"))
    finally:
        del os.environ["SWEEPTREE_HOME"]
    (kept,) = (tmp_path / "state" / "tracebacks").iterdir()
    told = capsys.readouterr().err
    assert code == 1 and str(kept) in told and "Traceback" not in told
    assert "ZeroDivisionError: oh" in kept.read_text() and kept.stat().st_mode & 0o077 == 0


def test_a_bad_setting_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPTREE_SERVER_PORT", "many")
    ran = call("server", "status")
    assert ran.code == 2 and "SWEEPTREE_SERVER_PORT=many" in ran.err and "traceback" not in ran.err


def test_a_folder_that_is_gone_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ran = call("status")
    assert ran.code == 3 and "no longer exists" in ran.err and "traceback" not in ran.err


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(ZeroDivisionError("oh"), debug=True) == 1
    assert "Traceback" in capsys.readouterr().err


def test_debug_is_taken_from_anywhere_before_the_dashes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert boundary.take_debug(["status", "--debug", "--", "--debug"]) == (
        ["status", "--", "--debug"],
        True,
    )
    assert boundary.take_debug(["status"]) == (["status"], False)
    monkeypatch.setenv("SWEEPTREE_DEBUG", "1")
    assert boundary.take_debug(["status"])[1]


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    finished_sweep(tmp_path / "results", jobs=1).log(0).write_bytes(b"line\n" * 400_000)
    code = f"set -o pipefail; '{sys.executable}' -m sweeptree logs unet | head -1"
    done = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "line\n", "")


@pytest.mark.slow
def test_data_goes_to_stdout_and_errors_to_stderr(tmp_path: Path) -> None:
    finished_sweep(tmp_path / "results")
    good, bad = spawn("status", cwd=tmp_path), spawn("status", "unnet", cwd=tmp_path)
    assert (good.returncode, good.stderr) == (0, b"") and b"unet" in good.stdout
    assert (bad.returncode, bad.stdout) == (2, b"") and b"did you mean: unet" in bad.stderr
