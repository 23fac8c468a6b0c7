"""Which data a job has on its node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.sweep.kit import opened
from sweeptree.analysis.datasets import Digests
from sweeptree.hosts.slurm import errands
from sweeptree.hosts.slurm.node.digests import digest

FILES = ("elsewhere/manifest.json", "data/processed/manifest.json")


def put(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(text)
    return folder


def test_the_first_manifest_that_tells_a_digest_counts(tmp_path: Path) -> None:
    assert digest(str(tmp_path), FILES) is None
    put(tmp_path / "data" / "processed", '{"digest": "d1"}')
    assert digest(str(tmp_path), FILES) == "d1"
    put(tmp_path / "elsewhere", '{"digest": "d2"}')
    assert digest(str(tmp_path), FILES) == "d2"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"digest": 7}', '{"digest": ""}', '{"digest": "a\\nb"}', "\0"]
)
def test_what_is_no_manifest_tells_nothing(tmp_path: Path, text: str) -> None:
    folder = put(tmp_path / "data" / "processed", text)
    assert digest(str(tmp_path), FILES) is None
    assert Digests().of_folder(folder) is None


def test_a_pipe_in_its_place_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    os.mkfifo(tmp_path / "elsewhere" / "manifest.json")
    assert digest(str(tmp_path), FILES) is None


def test_nodes_look_where_a_job_on_this_machine_would(repo: Path) -> None:
    with opened(repo, "train --data_dir /data/ptbxl") as sweep:
        told = errands.task(sweep, sweep.job(0).job, 1)
    assert told["data"] == ["/data/ptbxl/manifest.json", "data/processed/manifest.json"]


def test_in_a_subfolder_the_repository_s_own_data_are_the_last_choice(repo: Path) -> None:
    with opened(repo / "ecg", "true") as sweep:
        told = errands.task(sweep, sweep.job(0).job, 1)
    assert told["data"] == ["data/processed/manifest.json", "../data/processed/manifest.json"]
