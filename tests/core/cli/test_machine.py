"""`sweeptree gpus` and `doctor`: what this machine has."""

import json
import os
from pathlib import Path

import pytest
from helpers import git

from core.cli_records import call
from sweeptree.cli.commands.gpus import _lines
from sweeptree.gpus import Detection, GpuRow


def checks(*flags: str) -> dict[str, dict[str, str]]:
    """Doctor's findings by name."""
    return {
        found["name"]: found for found in json.loads(call("doctor", "--json", *flags).out)["checks"]
    }


def test_gpus_without_a_gpu_says_that_cores_are_the_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    ran = call("gpus")
    assert ran.code == 0 and f"{len(os.sched_getaffinity(0))} cores are the slots" in ran.out


def test_gpus_json_is_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    document = json.loads(call("gpus", "--json").out)
    assert (document["gpus"], document["slots_are"]) == ([], "cores") and document["why"]


def test_gpus_are_listed_with_who_holds_them_and_who_waits() -> None:
    detection = Detection((), "560.1", None, ("GPU 2 has fallen off the bus",))
    rows = [
        GpuRow(
            0, "RTX 4090", "GPU-aaaa", 24576, 22630, 71, "held", ("unet job 3",), ("unet job 5",)
        ),
        GpuRow(1, "RTX 4090", "GPU-bbbb", 24576, 24000, None, "free", (), ()),
    ]
    head, titles, first, second, *rest = _lines(detection, rows, 2)
    assert head == "2 GPUs, driver 560.1" and {"gpu", "free", "slot", "held"} <= set(titles.split())
    assert "22.1/24 GB" in first and "unet job 3" in first and second.split()[-1] != "GPU-aaaa"
    assert rest[-1] == "  skipped: GPU 2 has fallen off the bus"


def test_doctor_in_a_repository(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    found = checks()
    assert found["repository"]["text"] == str(repo)
    assert {
        found[name]["level"] for name in ("git", "python", "prefect", "repository", "worktrees")
    } == {"ok"}


def test_doctor_outside_a_repository_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert checks()["repository"]["level"] == "warn"


def test_doctor_never_shows_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_not_for_eyes")
    ran = call("doctor")
    assert "GITHUB_TOKEN is set" in ran.out and "ghp_not_for_eyes" not in ran.out + ran.err


def test_doctor_finds_and_repairs_a_half_made_worktree(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo)
    place = repo / ".sweeptree" / "wt" / "unet" / "slot_0"
    git("worktree", "add", "--detach", "--no-checkout", place, cwd=repo)
    (repo / ".git" / "worktrees" / "slot_0" / "locked").write_text("initializing")
    assert checks()["worktrees"]["level"] == "warn"
    assert "repaired" in checks("--repair")
    assert checks()["worktrees"]["level"] == "ok"


def test_doctor_fails_when_git_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = call("doctor")
    assert ran.code == 1 and "fail  git" in ran.out
