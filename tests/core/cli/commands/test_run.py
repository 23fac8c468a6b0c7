"""`sweeptree run` up to the start of a sweep: options, bad input, and a dry run that changes
nothing."""

import contextlib
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from helpers import git

from core.cli_records import Ran, call
from sweeptree.cli.commands.run import _call
from sweeptree.cli.options import RunOptions, make_spec
from sweeptree.errors import Refused, UsageError
from sweeptree.records import SweepPaths, SweepStore
from sweeptree.system.files import write_json


def sweeptree(cwd: Path, *words: str, stdin: str = "") -> Ran:
    """The command line in this process, with this standard input."""
    with (
        contextlib.chdir(cwd),
        mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
    ):
        return call(*words)


def state_of(top: Path) -> tuple[dict[str, str], str, str]:
    """Every byte below `top`, its refs and its worktrees."""
    files = {
        str(p): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(top.rglob("*"))
        if p.is_file()
    }
    return files, git("for-each-ref", cwd=top), git("worktree", "list", "--porcelain", cwd=top)


def test_a_dry_run_prints_the_plan_and_changes_nothing(repo: Path, git_env: Path) -> None:
    (repo / "untracked.txt").write_text("mine\n")
    before, home = state_of(repo), sorted(git_env.rglob("*"))
    commands = ("--exp_name", "e", "--commands", '["echo hello", "echo world"]')
    done = sweeptree(repo, "run", *commands, "--use_worktree", "--parallel", "2", "--dry_run")
    assert done.code == 0
    assert "2 jobs, 2 at a time" in done.out
    assert state_of(repo) == before
    assert sorted(git_env.rglob("*")) == home


def test_hyphens_and_underscores_and_orchestrate_mean_the_same(repo: Path) -> None:
    words = ["--exp-name", "e", "--commands", '["true"]', "--use-worktree", "--dry-run", "--json"]
    plans = [json.loads(sweeptree(repo, verb, *words).out) for verb in ("run", "orchestrate")]
    assert [plan["spec_hash"] for plan in plans] == [plans[0]["spec_hash"]] * 2
    assert plans[0]["jobs"][0]["cmd"] == "true"


@pytest.mark.parametrize("how", ["inline", "file", "stdin"])
def test_commands_come_inline_from_a_file_or_from_stdin(repo: Path, how: str) -> None:
    text = '["echo 1", "echo 2"]'
    (repo / "commands.json").write_text(text)
    given = {"inline": text, "file": "commands.json", "stdin": "-"}[how]
    done = sweeptree(repo, "run", "-n", "e", "--commands", given, "--dry_run", "--json", stdin=text)
    assert [job["cmd"] for job in json.loads(done.out)["jobs"]] == ["echo 1", "echo 2"]


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/x", "", "a" * 300, "-rf", ".git", "a.lock", "a b", "a..b", "x."]
)
def test_a_bad_name_is_a_usage_error(repo: Path, name: str) -> None:
    before = state_of(repo)
    done = sweeptree(repo, "run", "--exp_name", name, "--commands", '["true"]')
    assert done.code == 2
    assert "name" in done.err
    assert "Traceback" not in done.err
    assert state_of(repo) == before


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ('{"a": 1}', "taken for the path"),
        ("[]", "empty list"),
        ('["true", 3]', "entry 1 is a number"),
        ('["true", ["false"]]', "entry 1 is a list"),
        ('[""]', "entry 0"),
        ('["a\\u0000b"]', "NUL"),
        ("missing.json", "No such file"),
        ("bom.json", "byte order mark"),
        ("many.json", "1,000,000 jobs"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_commands_are_a_usage_error(repo: Path, commands: str, said: str) -> None:
    (repo / "bom.json").write_bytes(b'\xef\xbb\xbf["true"]')
    (repo / "many.json").write_text("[" + ",".join(['"true"'] * 1_000_000) + "]")
    done = sweeptree(repo, "run", "--exp_name", "e", "--commands", commands)
    assert done.code == 2
    assert said in done.err
    assert not (repo / "results").exists()


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", ""])
def test_a_bad_parallel_is_a_usage_error(repo: Path, value: str) -> None:
    done = sweeptree(repo, "run", "--exp_name", "e", "--commands", '["true"]', "--parallel", value)
    assert done.code == 2
    assert "--parallel" in done.err


def test_results_of_another_sweep_are_exit_3_and_stay_as_they_are(repo: Path) -> None:
    paths = SweepPaths(repo / "results" / "e")
    paths.root.mkdir(parents=True)
    write_json(paths.sweep, {"spec_hash": "another"})
    before = state_of(repo)
    done = sweeptree(repo, "run", "--exp_name", "e", "--commands", '["true"]')
    assert done.code == 3
    assert "--resume" in done.err
    assert state_of(repo) == before


def test_a_second_sweep_of_the_name_is_exit_3_while_the_first_runs(repo: Path) -> None:
    with SweepStore.open(SweepPaths(repo / "results" / "e")):
        done = sweeptree(repo, "run", "--exp_name", "e", "--commands", '["true"]')
    assert done.code == 3
    assert "is running" in done.err


def test_outside_a_repository_it_says_what_to_do(tmp_path: Path, git_env: Path) -> None:
    done = sweeptree(tmp_path, "run", "--exp_name", "e", "--commands", '["true"]')
    assert done.code in (2, 3)
    assert "git init" in done.err


@pytest.mark.slow
def test_a_plan_of_ten_thousand_jobs_imports_no_engine(repo: Path) -> None:
    (repo / "c.json").write_text(
        json.dumps([f"python train.py --lr {i} --seed 1" for i in range(10_000)])
    )
    code = (
        "import sys; from sweeptree.cli.app import run_command_line; "
        "words = ['--exp_name', 'e', '--commands', 'c.json', '--use_worktree', '--dry_run']; "
        "run_command_line(['run', *words]); "
        "sys.exit(str([m for m in ('prefect', 'pandas', 'github') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True)
    assert "10000 jobs" in done.stdout
    assert done.stderr.strip() == "[]"


def test_options_win_over_the_spec_file(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    (repo / "sweep.yaml").write_text(
        "exp_name: from_file\ncommands: ['true']\nretries: 2\ntimeout: 60\n"
    )
    spec = make_spec(RunOptions(spec=Path("sweep.yaml"), exp_name="mine", timeout="2m"))
    assert (spec.exp_name, spec.retries, spec.timeout) == ("mine", 2, 120.0)


def test_a_grid_with_seeds_makes_the_commands(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    spec = make_spec(
        RunOptions(
            exp_name="e", template="t --lr {lr} --seed {seed}", grid=("lr=1e-3,3e-4",), seeds="1-2"
        )
    )
    assert spec.grid == {"lr": ("1e-3", "3e-4")}
    assert spec.seeds == (1, 2)


@pytest.mark.parametrize(
    "text", ["exp_name: e\nno_such_field: 1\ncommands: ['true']\n", "just text\n", "a: [\n", ""]
)
def test_a_bad_spec_file_is_a_usage_error(
    repo: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(repo)
    (repo / "sweep.yaml").write_text(text)
    with pytest.raises(UsageError):
        make_spec(RunOptions(spec=Path("sweep.yaml"), exp_name="e"))


@pytest.mark.slow  # it imports the engine
def test_a_sweep_that_somebody_else_took_meanwhile_is_refused() -> None:
    from prefect.states import Failed

    state = Failed(name="Refused", message="a sweep named unet is running")
    with pytest.raises(Refused, match="is running"):
        _call(lambda: state)


@pytest.mark.parametrize("other", ["--dry_run", "--detach", "--resume"])
def test_a_smoke_run_is_no_sweep(repo: Path, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    monkeypatch.chdir(repo)
    done = call("run", "-n", "x", "--commands", '["true"]', "--smoke", "5s", other)
    assert (done.code, "--smoke runs one job" in done.err) == (2, True)


@pytest.mark.parametrize("words", [("--smoke",), ("--smoke", "--use_worktree"), ("--smoke", "5s")])
def test_a_smoke_run_needs_no_length(
    repo: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(repo)
    done = call("run", "-n", "x", "--commands", '["true"]', "--json", *words)
    limit = "5 s" if "5s" in words else "60 s"
    assert f"running job 0 for at most {limit}" in done.err


def test_a_smoke_run_says_what_it_has_seen(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    done = call("run", "-n", "x", "--commands", '["python train.py", "false"]', "--smoke", "30s")
    assert (done.code, "val_auc = 0.9, from job_0.metrics.jsonl" in done.out) == (0, True)
    assert not (repo / "results" / "x").exists()
