"""A job's record names the dataset that the job was given, and jobs on different data are not
compared."""

import json
import os
from pathlib import Path

import pytest

from core.cli_records import call, plan_sweep, put
from core.sweep.kit import opened, ran, run_one
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.aggregate.ranking import rank
from sweeptree.analysis.datasets import Digests
from sweeptree.analysis.document import JobRow
from sweeptree.model import JobRecord, JobState, Worktree
from sweeptree.records import SweepPaths, SweepStore
from sweeptree.sweep import attempts, stages

OLD, NEW = "0a" * 32, "7f" * 32


def dataset(folder: Path, digest: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "manifest.json.new"
    fresh.write_text(json.dumps({"digest": digest}))
    fresh.rename(folder / "manifest.json")
    return folder


def test_a_job_in_a_worktree_records_the_digest_of_the_linked_data(repo: Path) -> None:
    dataset(repo / "data" / "processed", OLD)
    record = run_one(repo, "test -L data && cat data/processed/manifest.json")
    assert (record.state, record.data_digest) == (JobState.SUCCEEDED, OLD)


def test_the_folder_that_the_command_names_comes_first(repo: Path, tmp_path: Path) -> None:
    dataset(repo / "data" / "processed", OLD)
    other = dataset(tmp_path / "other", NEW)
    assert run_one(repo, f"python3 train.py --data_dir {other}").data_digest == NEW


def test_a_job_in_the_repository_itself_records_it_too(repo: Path) -> None:
    dataset(repo / "data" / "processed", OLD)
    assert run_one(repo, "true", use_worktree=False).data_digest == OLD


@pytest.mark.parametrize("digest", [None, 7, "", "x" * 129, "a\nb"])
def test_a_manifest_that_names_no_digest_names_no_dataset(digest: object, tmp_path: Path) -> None:
    dataset(tmp_path / "data" / "processed", digest)
    assert Digests().of_job(Worktree(tmp_path, tmp_path, "c", None), {}) is None


def test_a_manifest_is_read_once_per_sweep(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "data" / "processed", OLD)
    known, worktree = Digests(), Worktree(tmp_path, tmp_path, "c", None)
    assert known.of_job(worktree, {}) == OLD
    path, before = folder / "manifest.json", (folder / "manifest.json").stat()
    path.write_bytes(
        path.read_bytes().replace(b"0a", b"1b")
    )  # the same file by every sign that a look can show
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert known.of_job(worktree, {}) == OLD
    dataset(folder, NEW)
    assert known.of_job(worktree, {}) == NEW


def test_data_exchanged_under_a_running_job_are_noted(repo: Path) -> None:
    folder = dataset(repo / "data" / "processed", OLD)
    swap = (
        f"echo '{json.dumps({'digest': NEW})}' > {folder}/m && mv {folder}/m {folder}/manifest.json"
    )
    record = run_one(repo, swap)
    assert record.data_digest == OLD
    assert record.notes == (
        (
            f"the dataset changed while the job ran: {OLD[:12]} when it started, "
            f"{NEW[:12]} when it ended"
        ),
    )


def test_an_attempt_that_is_taken_over_keeps_the_digest_of_its_start(repo: Path) -> None:
    dataset(repo / "data" / "processed", OLD)
    with opened(repo, "true") as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        dataset(repo / "data" / "processed", NEW)
        started = sweep.paths.attempt(0, 1, "started")
        if not started.exists():
            started.write_text("{}")
        attempts.await_start(job, so_far, None, started)  # type: ignore[arg-type]
        record = stages.finish(job, so_far)
    assert record.data_digest == OLD


def job(
    index: int, config: str, digest: str | None, value: float, state: str = "succeeded"
) -> JobRow:
    record = JobRecord(
        id=index,
        config_id=config,
        seed=index,
        state=JobState(state),
        metrics={"val_auc": value},
        data_digest=digest,
    )
    return JobRow(**record.model_dump())


def test_configs_on_different_data_are_neither_ranked_nor_tested() -> None:
    ranking = rank([job(n, "ab"[n % 2], (OLD, NEW)[n % 2], 0.9) for n in range(6)], "val_auc:max")
    assert (ranking.comparable, ranking.leaderboard, ranking.comparisons) == (False, (), ())
    assert ranking.data_digests == {OLD: 3, NEW: 3}
    assert [group.metrics["val_auc"].n for group in ranking.groups] == [3, 3]
    assert (
        OLD[:12] in ranking.warnings[0]
        and NEW[:12] in ranking.warnings[0]
        and "--mix_data" in ranking.warnings[0]
    )


def test_seeds_on_different_data_have_no_mean() -> None:
    ranking = rank(
        [job(0, "a", OLD, 0.9), job(1, "a", NEW, 0.1), job(2, "b", OLD, 0.8)], "val_auc:max"
    )
    assert [group.mean("val_auc") for group in ranking.groups] == [
        None,
        0.8,
    ]
    assert [group.rank for group in ranking.groups] == [None, None]


def test_told_to_mix_the_ranking_stands_with_a_warning() -> None:
    jobs = [job(n, "ab"[n % 2], (OLD, NEW)[n % 2], 0.9 - n % 2) for n in range(6)]
    ranking = rank(jobs, "val_auc:max", mix_data=True)
    assert (ranking.comparable, ranking.leaderboard, len(ranking.comparisons)) == (
        True,
        ["a", "b"],
        1,
    )
    assert "--mix_data was given" in ranking.warnings[0]


def test_only_jobs_that_count_can_mix() -> None:
    ranking = rank(
        [job(0, "a", OLD, 0.9), job(1, "b", OLD, 0.8), job(2, "b", NEW, 0.1, "failed")],
        "val_auc:max",
    )
    assert (ranking.comparable, ranking.leaderboard) == (True, ["a", "b"])


def test_a_job_that_names_no_dataset_is_told_of() -> None:
    ranking = rank([job(0, "a", OLD, 0.9), job(1, "b", None, 0.8)], "val_auc:max")
    assert ranking.leaderboard == ["a", "b"]
    assert ranking.warnings[0] == f"1 job named no dataset, the others ran on {OLD[:12]}"


@pytest.fixture
def mixed(tmp_path: Path) -> SweepPaths:
    """A finished sweep whose two configs ran on different data."""
    paths = plan_sweep(tmp_path / "results")
    with SweepStore.open(paths) as store:
        for n in range(4):
            put(
                store,
                n,
                JobState.SUCCEEDED,
                metrics={"val_auc": 0.9},
                data_digest=(OLD, NEW)[n % 2],
            )
    aggregate(paths)
    return paths


def test_show_ranks_nothing_and_says_how_to(mixed: SweepPaths) -> None:
    ran = call("show", str(mixed.root))
    assert (
        ran.code == 0
        and "different data" in ran.out
        and "--mix_data" in ran.out
        and "vs best" not in ran.out
    )
    by = call("show", str(mixed.root), "--by", "val_auc")
    assert by.code == 3 and "aggregate unet --mix_data" in by.err


def test_aggregate_mixes_when_told(mixed: SweepPaths) -> None:
    assert "not ranked" in call("aggregate", "--exp_dir", str(mixed.root)).err
    told = call("aggregate", "--exp_dir", str(mixed.root), "--mix_data")
    assert told.code == 0 and "--mix_data was given" in told.err
    assert call("show", str(mixed.root), "--by", "val_auc").code == 0


def test_a_spec_that_mixes_needs_no_option(mixed: SweepPaths) -> None:
    facts = json.loads(mixed.sweep.read_text())
    facts["spec"]["mix_data"] = True
    mixed.sweep.write_text(json.dumps(facts))
    document = aggregate(mixed)
    assert document.comparable and len(document.leaderboard) == 2


def test_the_table_names_the_dataset_of_each_job(mixed: SweepPaths) -> None:
    head, *rows = mixed.aggregated_csv.read_text().splitlines()
    assert head.endswith(",log,pr_number,data_digest,diverged")
    assert [row.split(",")[-2] for row in rows] == [OLD, NEW, OLD, NEW]
