"""What came of a job on its node, here."""

from __future__ import annotations

import json
from pathlib import Path

from helpers import git

from core.hosts.slurm.kit import records, swept
from core.sweep.kit import paths_of

CHANGE = "echo WIDTH = 9 > ecg/model.py; echo made > table.csv"


def test_changes_are_kept_as_artifacts_and_under_a_ref(repo: Path, slurm: Path) -> None:
    swept(repo, CHANGE)
    record = records(repo)[0]
    assert set(record.artifacts) == {"ecg/model.py", "table.csv"}
    (note,) = record.notes
    ref = note.rpartition(" ")[2]
    assert git("show", f"{ref}:ecg/model.py", cwd=repo) == "WIDTH = 9"
    assert record.host


def test_a_branch_holds_changes_and_files_that_were_asked_for(repo: Path, slurm: Path) -> None:
    swept(repo, CHANGE, commit_and_pr=True, pr_artifacts=("*.csv",))
    branch = records(repo)[0].git_branch or ""
    changed = git("diff", "--name-only", "main", branch, cwd=repo)
    assert changed.split() == ["ecg/model.py", "table.csv"]
    assert (paths_of(repo).artifacts(0) / "table.csv").exists()


def test_no_ref_is_left_of_changes_that_stand_on_a_branch(repo: Path, slurm: Path) -> None:
    swept(repo, CHANGE, commit_and_pr=True)
    assert git("for-each-ref", "refs/sweeptree/quarantine", cwd=repo) == ""
    assert not [note for note in records(repo)[0].notes if "git show" in note]


def test_the_ref_of_a_job_that_failed_stays(repo: Path, slurm: Path) -> None:
    swept(repo, f"{CHANGE}; exit 1", commit_and_pr=True)
    refs = git("for-each-ref", "--format=%(refname)", "refs/sweeptree/quarantine", cwd=repo)
    (note,) = records(repo)[0].notes
    assert note.endswith(refs)


def dataset(repo: Path, digest: str) -> Path:
    folder = repo / "data" / "processed"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"digest": digest}))
    return folder


def test_the_record_says_which_data_the_job_had(repo: Path, slurm: Path) -> None:
    dataset(repo, "d1")
    swept(repo, "true", dirty="ignore")
    record = records(repo)[0]
    assert (record.data_digest, record.notes) == ("d1", ())


def test_data_that_were_exchanged_meanwhile_are_told(repo: Path, slurm: Path) -> None:
    other = json.dumps({"digest": "d2"})
    dataset(repo, "d1")
    swept(repo, f"echo '{other}' > data/processed/manifest.json", dirty="ignore")
    record = records(repo)[0]
    assert record.data_digest == "d1"
    assert "the dataset changed while the job ran: d1 when it started, d2" in record.notes[0]
