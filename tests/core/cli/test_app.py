"""The frame of the command line: help, spellings, usage errors, and what is not imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep, spawn
from sweeptree import __version__
from sweeptree.cli.app import REGISTRY, build_app

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


@pytest.mark.slow
@pytest.mark.parametrize("words", list(LIGHT.values()), ids=list(LIGHT))
def test_quick_commands_import_nothing_heavy(words: list[str], repo: Path) -> None:
    paths = finished_sweep(repo / "results")
    paths.aggregated_json.write_text('{"jobs": []}')
    assert imported(HEAVY, words, repo) == ""


@pytest.mark.parametrize("words", [["--help"], ["status"], ["worktree", "list"]], ids=" ".join)
def test_what_reads_no_record_imports_no_pydantic(words: list[str], repo: Path) -> None:
    assert imported((*HEAVY, "pydantic"), words, repo) == ""


def imported(heavy: tuple[str, ...], words: list[str], repo: Path) -> str:
    """Those of the heavy modules that a command line imports."""
    code = (
        "import sys; from sweeptree.cli.app import run_command_line as run\n"
        f"assert run({words!r}) in (0, 2)\n"
        f"print(*(n for n in {heavy!r} if n in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1]


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "place"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish")]
)
def test_completion_is_installed(shell: str, place: str, tmp_path: Path) -> None:
    ran = spawn("--install-completion", "--shell", shell, cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / place).exists()
