"""Which files of a sweep are shared."""

from pathlib import Path

import pytest

from core.publish.kit import TOKEN
from core.publish.sharing.kit import sweep_at
from sweeptree.errors import Refused
from sweeptree.publish.sharing.files import MAX_CURVE, check_secrets, collect, limit_of


def test_records_aggregates_and_curves_go_in_logs_and_artifacts_do_not(tmp_path: Path) -> None:
    found = collect(sweep_at(tmp_path / "x"))
    assert list(found.files) == [
        "job_0.history.jsonl",
        "job_0.meta.json",
        "job_1.meta.json",
        "sweep.json",
    ]


def test_a_planted_link_and_a_giant_are_left_out(tmp_path: Path) -> None:
    root = sweep_at(tmp_path / "x")
    (root / "job_2.meta.json").symlink_to("/etc/passwd")
    (root / "job_0.history.jsonl").write_bytes(b"x" * (MAX_CURVE + 1))
    found = collect(root)
    assert len(found.left_out) == 2
    assert not {"job_2.meta.json", "job_0.history.jsonl"} & set(found.files)


@pytest.mark.parametrize("name", ["../x", "job_x.meta.json", "report.html", "job_0.log", ".commit"])
def test_other_names_are_not_shared(name: str) -> None:
    assert limit_of(name) is None


def test_a_secret_is_named_by_its_place_and_not_shown(tmp_path: Path) -> None:
    files = collect(sweep_at(tmp_path / "x", cmd=f"train --key {TOKEN}")).files
    with pytest.raises(Refused, match=r"job_0\.meta\.json:1 holds what looks like") as caught:
        check_secrets(files, ())
    assert TOKEN not in caught.value.message
