"""The frame of the command line: help, spellings, usage errors, exit codes, streams, and what is
not imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep, spawn
from sweeptree import __version__
from sweeptree.cli import boundary
from sweeptree.cli.app import REGISTRY, build_app
from sweeptree.errors import GitError, Refused, UsageError

HEAVY = ("prefect", "pandas", "github")
LIGHT = {
    "help": ["--help"],
    "status": ["status"],
    "one": ["status", "unet"],
    "logs": ["logs", "unet"],
    "show": ["show", "unet", "--json"],
    "typo": ["rnu"],
    "dry run": ["run", "--exp_name", "x", "--commands", '["true"]', "--use_worktree", "--dry_run"],
}


def ending(error: BaseException, *, debug: bool = False) -> int:
    """The exit code of a command that raises."""

    def command() -> int:
        raise error

    return boundary.guarded(command, argv=["status"], debug=debug)


def test_help_lists_the_groups_and_every_command_that_exists() -> None:
    ran = call("--help")
    places = [ran.out.index(f" {group} ") for group in ("Start", "Sweep", "Agents", "Run it")]
    assert ran.code == 0 and places == sorted(places)
    assert all((f" {entry.name} " in ran.out) == entry.exists for entry in REGISTRY)


def test_every_listed_command_can_be_imported() -> None:
    app = build_app()
    for entry in REGISTRY:
        if entry.exists:
            assert app[entry.name].help_print is not None


def test_no_words_print_the_help() -> None:
    assert call() == call("--help")


def test_version() -> None:
    assert call("--version").out.strip() == __version__


@pytest.mark.parametrize("words", list(LIGHT.values()), ids=list(LIGHT))
def test_quick_commands_import_nothing_heavy(words: list[str], repo: Path) -> None:
    paths = finished_sweep(repo / "results")
    paths.aggregated_json.write_text('{"jobs": []}')
    code = (
        "import sys; from sweeptree.cli.app import run_command_line as run\n"
        f"assert run({words!r}) in (0, 2); sys.exit(' '.join(n for n in {HEAVY!r} if n in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("flag", ["--results_dir", "--results-dir"])
def test_underscore_and_hyphen_spellings(flag: str, tmp_path: Path) -> None:
    finished_sweep(tmp_path)
    assert "unet" in call("status", flag, str(tmp_path)).out


def test_a_misspelt_command_gets_a_suggestion() -> None:
    ran = call("rnu", "--parallel", "2")
    assert ran.code == 2 and not ran.out
    assert "did you mean: sweeptree run --parallel 2" in ran.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["status", "--jsno"], "--json"),
        (["logs"], "sweeptree logs --help"),
        (["logs", "unet", "--tail", "many"], "many"),
        (["--nope"], "sweeptree --help"),
        (["nonsense"], "sweeptree --help"),
    ],
)
def test_usage_errors_say_what_and_next(words: list[str], told: str) -> None:
    ran = call(*words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err and "Traceback" not in ran.err


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


def test_data_goes_to_stdout_and_errors_to_stderr(tmp_path: Path) -> None:
    finished_sweep(tmp_path / "results")
    good, bad = spawn("status", cwd=tmp_path), spawn("status", "unnet", cwd=tmp_path)
    assert (good.returncode, good.stderr) == (0, b"") and b"unet" in good.stdout
    assert (bad.returncode, bad.stdout) == (2, b"") and b"did you mean: unet" in bad.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "place"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish")]
)
def test_completion_is_installed(shell: str, place: str, tmp_path: Path) -> None:
    ran = spawn("--install-completion", "--shell", shell, cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / place).exists()
