"""Names, commands, links and secrets that mean harm."""

import json
import os
from pathlib import Path

import pytest
from core.cli_records import call
from fault_kit import Sweeper, records, states
from helpers import git

NAMES = [
    "../../x",
    "/etc/x",
    "a\0b",
    "x" * 300,
    "-rf",
    ".git",
    "a.lock",
    "",
    "a..b",
    "a b",
    "é",
    "a\nb",
    "$(touch H)",
]
COMMANDS = {
    "object": '{"a": 1}',
    "nested": '[["true"]]',
    "numbers": "[1, 2]",
    "empty": '[""]',
    "nothing": "[]",
    "deep": "[" * 100_000,
    "nul": '["a\\u0000b"]',
    "surrogate": '["\\ud800"]',
    "many": "[" + '"true",' * 200_000 + '"true"]',
}
SHELL = [
    "`touch H`",
    "$(touch${IFS}H)",
    ";touch H",
    "--upload-pack=touch H",
    "'; touch H; '",
    "| touch H",
]
PLANT = "cd $SWEEPTREE_OUT/.. && {} && echo planted"
CANARY = "ghp_canary0123456789abcdef"


def tree(top: Path) -> list[str]:
    """All paths below `top` but git's own."""
    return sorted(str(path) for path in top.rglob("*") if ".git" not in path.parts)


@pytest.fixture
def here(sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository, as the current folder."""
    monkeypatch.chdir(sweeper.repo)
    return sweeper.repo


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_row_32_a_hostile_name_is_a_usage_error_and_writes_nothing(here: Path, name: str) -> None:
    before = tree(here.parent)
    ran = call("run", f"--exp_name={name}", "--commands", '["true"]', "--use_worktree")
    assert (ran.code, tree(here.parent), "Traceback" in ran.err) == (2, before, False), ran.err


@pytest.mark.parametrize("kind", COMMANDS)
def test_row_33_hostile_commands_are_a_usage_error_and_write_nothing(here: Path, kind: str) -> None:
    (here.parent / "commands.json").write_text(COMMANDS[kind])
    before = tree(here.parent)
    ran = call("run", "--exp_name", "x", "--commands", str(here.parent / "commands.json"))
    assert (ran.code, tree(here.parent), "Traceback" in ran.err) == (2, before, False), ran.err


def test_row_33_a_gigabyte_of_commands_is_refused_by_its_size(here: Path) -> None:
    big = here.parent / "big.json"
    with big.open("wb") as file:
        file.truncate(1 << 30)
    ran = call("run", "--exp_name", "x", "--commands", str(big))
    assert (ran.code, "larger than 64 MB" in ran.err) == (2, True)


@pytest.mark.parametrize("text", SHELL, ids=range(len(SHELL)))
def test_row_34_nothing_of_a_name_a_label_or_a_value_is_run_by_a_shell(
    sweeper: Sweeper, text: str
) -> None:
    labels = {"post_pr_labels": [text], "post_pr_reviewers": [text], "commit_and_pr": True}
    grid = {"template": "echo {lr} >> train.py", "grid": {"lr": [text]}}
    spec = sweeper.spec([], **labels, **grid)
    report = sweeper.run(spec)
    assert report["message"] == "1 succeeded", report
    branch = str(records(sweeper.paths(spec))[0].git_branch)
    assert git("show", f"{branch}:train.py", cwd=sweeper.repo).splitlines()[-1] == text
    assert not [path for path in sweeper.repo.parent.rglob("H") if path.is_file()]


@pytest.mark.parametrize(
    "base", ["-x", "--upload-pack=touch H", "$(touch H)", "HEAD; touch H", "a\nb", "\0"]
)
def test_row_34_a_hostile_base_is_refused(sweeper: Sweeper, base: str) -> None:
    assert sweeper.run(sweeper.spec(["true"], base=base))["name"] == "Refused"


@pytest.mark.parametrize(
    "plant",
    [
        "rm -f job_0.meta.json && ln -s {outside} job_0.meta.json",
        "ln -s {outside} job_1.log",
        "ln -s {outside} job_1.metrics.jsonl",
        "ln -sf {outside} job_1.meta.json",
        "ln -s {outside} aggregated.json && ln -s {outside} aggregated.csv",
        "rm -rf job_0/artifacts && ln -s {folder} job_0/artifacts",
        "ln -s {folder} job_1",
        "ln -sf {outside} .state/ledger.ndjson",
        "mkfifo job_1.metrics.jsonl",
    ],
)
def test_row_35_links_that_a_job_plants_lead_nowhere(
    sweeper: Sweeper, tmp_path: Path, plant: str
) -> None:
    folder, outside = tmp_path / "outside", tmp_path / "outside" / "precious"
    folder.mkdir()
    outside.write_text("precious\n")
    make = "echo made > made.txt && "
    spec = sweeper.spec(
        [make + PLANT.format(plant.format(outside=outside, folder=folder)), make + "true"],
        parallel=1,
    )
    sweeper.run(spec)
    assert (outside.read_text(), os.listdir(folder)) == ("precious\n", ["precious"])
    assert states(sweeper.paths(spec))[0] == "succeeded"


def test_row_35_a_results_folder_that_is_a_link_is_refused(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    spec = sweeper.spec(["true"])
    (sweeper.repo / "results").mkdir()
    (sweeper.repo / "results" / spec["exp_name"]).symlink_to(tmp_path / "elsewhere")
    assert sweeper.run(spec)["name"] == "Refused"
    assert os.listdir(tmp_path / "elsewhere") == []


def test_row_36_a_token_in_the_environment_reaches_no_file(
    sweeper: Sweeper, git_env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "WANDB_API_KEY", "MY_SECRET", "DB_PASSWORD", "HARMLESS_NAME"):
        monkeypatch.setenv(name, CANARY)
    command = "env; env > $SWEEPTREE_OUT/env.txt; env > made.txt; env >> train.py"
    spec = sweeper.spec([command], commit_and_pr=True, setup="env")
    assert sweeper.run(spec)["message"] == "1 succeeded"
    for top in (sweeper.repo, git_env):
        holding = [
            path
            for path in top.rglob("*")
            if path.is_file() and CANARY.encode() in path.read_bytes()
        ]
        assert holding == []
    assert CANARY not in git("log", "--all", "-p", cwd=sweeper.repo)


def test_row_36_a_secret_that_the_spec_names_is_passed_on_and_still_in_no_record(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", CANARY)
    spec = sweeper.spec(['test -n "$WANDB_API_KEY"'], keep_env=["WANDB_API_KEY"])
    assert sweeper.run(spec)["message"] == "1 succeeded"
    paths = sweeper.paths(spec)
    assert CANARY not in paths.record(0).read_text() + paths.sweep.read_text()
    assert json.loads(paths.sweep.read_text())["spec"]["keep_env"] == ["WANDB_API_KEY"]
