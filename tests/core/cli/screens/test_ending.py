"""The last screen of a sweep."""

from pathlib import Path
from typing import Any

import pytest

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.document import JobRow
from sweeptree.cli.screens.ending import Ending, final_screen


def final(tmp_path: Path, *, failed: tuple[int, ...] = (), **more: Any) -> str:
    """The last screen of a sweep of six jobs."""
    paths = finished_sweep(tmp_path, jobs=6, failed=failed)
    aggregated = aggregate(paths).model_copy(update=more)
    ending = Ending(aggregated, paths, int(bool(failed)), "http://127.0.0.1:4210", ["a notice"])
    return final_screen(ending)


def test_the_end_shows_leaderboard_paths_and_next(tmp_path: Path) -> None:
    lines = final(tmp_path).splitlines()
    assert lines[0].startswith("unet finished   6 ok") and lines[0].endswith("exit 0")
    assert "±" in lines[3] and "lr=1e-4" in lines[3]
    assert any("aggregated.json  aggregated.csv  groups.csv" in line for line in lines)
    assert any("127.0.0.1:4210" in line for line in lines) and "- a notice" in lines
    assert lines[-1].startswith("Next:  sweeptree show unet")


def test_the_end_shows_each_cause_with_what_shows_and_what_retries_its_jobs(tmp_path: Path) -> None:
    text = final(tmp_path, failed=(1, 4))
    assert "  2 jobs  1,4   exit code 1\n         ValueError: no such lead\n" in text
    assert "sweeptree logs unet:1\n         sweeptree resume unet --jobs 1,4\n" in text
    assert "exit 1" in text


def test_the_end_without_a_metric_lists_the_jobs(tmp_path: Path) -> None:
    text = final(tmp_path, objective=None, groups=())
    assert "seed" in text and text.count("lr=3e-4") == 3


@pytest.mark.parametrize("room", [60, 80, 92])
def test_the_tables_of_the_end_keep_to_the_width(tmp_path: Path, room: int) -> None:
    paths = finished_sweep(tmp_path, jobs=6, failed=(1,))
    lines = final_screen(Ending(aggregate(paths), paths, 1), room).splitlines()
    assert all(len(line) <= room for line in lines[:5])
    assert {"config", "val_auc", "n"} <= set(lines[2].split())


def test_what_was_not_delivered_is_said_once_per_reason(tmp_path: Path) -> None:
    failed = {"state": "failed", "step": "push", "reason": "no route"}
    local = {"state": "local", "reason": "no token"}
    jobs = [JobRow.model_validate({"id": n, "delivery": failed}) for n in range(12)]
    jobs.append(JobRow.model_validate({"id": 12, "delivery": local}))
    text = final(tmp_path, jobs=jobs)
    assert "! jobs 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more: push failed: no route" in text
    assert "! job 12: a local branch, no pull request. no token" in text


@pytest.mark.parametrize(
    ("code", "how"), [(130, "interrupted"), (5, "stopped at its time limit"), (1, "finished")]
)
def test_an_end_that_can_go_on_says_how(tmp_path: Path, code: int, how: str) -> None:
    paths = finished_sweep(tmp_path, jobs=2)
    text = final_screen(Ending(aggregate(paths), paths, code))
    assert text.startswith(f"unet {how}")
    assert ("sweeptree resume unet" in text) == (code != 1)


def test_an_auto_fix_that_did_not_work_is_named_with_its_jobs(tmp_path: Path) -> None:
    broken = {"reason": "FileExistsError: job_0"}
    fixes = {0: broken, 1: {"exit_code": 0, "reason": None}, 3: broken}
    jobs = [JobRow.model_validate({"id": n, "auto_fix": fix}) for n, fix in fixes.items()]
    screen = final(tmp_path, jobs=jobs)
    assert "jobs 0, 3: auto-fix failed: FileExistsError: job_0" in screen


def test_files_that_stand_in_a_worktree_alone_are_named_with_their_place(tmp_path: Path) -> None:
    left = [{"id": n, "left_in_worktree": n, "worktree": f"/wt/exp/job_{n}"} for n in range(9)]
    screen = final(tmp_path, jobs=[JobRow.model_validate(job) for job in left])
    assert "! job 1: 1 file only in its worktree, which is kept: /wt/exp/job_1\n" in screen
    assert "! job 5: 5 files only" in screen and "job 6:" not in screen
    assert "3 more jobs with files only in their worktrees" in screen


def test_files_that_stay_on_hosts_are_counted_by_host(tmp_path: Path) -> None:
    file = {"host": "gpu1", "path": "/data/big.pt", "bytes": 1_250_000_000, "sha256": "0" * 64}
    kept = [{"id": n, "remote_artifacts": [file, {**file, "host": f"gpu{n}"}]} for n in (1, 2)]
    screen = final(tmp_path, jobs=[JobRow.model_validate(job) for job in kept])
    assert "- 3 files (3.8 GB) on gpu1 only: remote_artifacts in the records has" in screen
    assert "- 1 file (1.2 GB) on gpu2 only: " in screen
