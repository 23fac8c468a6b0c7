"""The dataset's folder: what is never replaced, what is repaired."""

import io

import pytest

from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate, swap
from sweeptree.ecg.progress import TextReporter
from sweeptree.errors import Refused


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_outputs_are_read_only(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    assert {p.stat().st_mode & 0o222 for p in (tmp_path / "out").rglob("*") if p.is_file()} == {0}


def test_a_folder_that_is_no_dataset_is_never_replaced(pristine, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("three years")
    with pytest.raises(Refused, match="not a curated dataset"):
        run(pristine, tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").exists()


def test_what_a_killed_run_left_is_cleared_away(pristine, tmp_path):
    for name in (".out.new", ".out.old"):
        (tmp_path / name).mkdir()
    (tmp_path / "..out.state.json.1.2.tmp").write_text("{")
    run(pristine, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        ".out.lock",
        ".out.state.json",
        "home",
        "out",
    ]


def test_a_dataset_caught_between_two_renames_is_put_back(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    before = content(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / ".out.old")
    run(pristine, tmp_path / "out")
    assert content(tmp_path / "out") == before


def test_a_linked_out_folder_is_refused(pristine, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with pytest.raises(Refused, match="link"):
        run(pristine, tmp_path / "out")


def test_a_second_run_at_the_same_time_is_refused(pristine, tmp_path):
    with swap.locked(swap.Places(tmp_path / "out")), pytest.raises(Refused, match="another run"):
        run(pristine, tmp_path / "out")


STRANGERS = {
    "a file": lambda out: (out / "my_features.npy").write_text("three weeks"),
    "a file beside the labels": lambda out: (out / "labels" / "mine.json").write_text("mine"),
    "a link": lambda out: (out / "latest").symlink_to("/etc/hostname"),
    "a folder": lambda out: (out / "features").mkdir(),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_dataset_with_files_of_the_user_is_not_replaced(kind, pristine, tmp_path):
    out = tmp_path / "out"
    run(pristine, out)
    for folder in (out, out / "labels"):
        folder.chmod(0o755)
    STRANGERS[kind](out)
    before = sorted(out.rglob("*"))
    for options in ({"task": "form"}, {"recheck": True}, {"limit": 3}):
        with pytest.raises(Refused, match="holds what curate did not make"):
            run(pristine, out, **options)
    assert sorted(out.rglob("*")) == before


def test_a_users_file_does_not_stop_a_run_that_has_nothing_to_do(pristine, tmp_path):
    first = run(pristine, tmp_path / "out")
    (tmp_path / "out").chmod(0o755)
    (tmp_path / "out" / "my_features.npy").write_text("three weeks")
    assert run(pristine, tmp_path / "out") == first
    assert (tmp_path / "out" / "my_features.npy").exists()


def test_a_file_that_arrives_while_the_new_dataset_is_built_is_not_removed(pristine, tmp_path):
    places = swap.Places(tmp_path / "out")
    run(pristine, places.out)
    places.new.mkdir()
    places.out.chmod(0o755)
    (places.out / "late.npy").write_text("mine")
    with pytest.raises(Refused, match=r"late\.npy"):
        swap.promote(places)
    assert (places.out / "late.npy").read_text() == "mine"


def test_a_dataset_with_another_task_replaces_a_clean_one(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    run(pristine, tmp_path / "out", task="form")
    assert "NDT" in (tmp_path / "out" / "labels" / "labels.json").read_text()


def test_a_users_file_is_found_before_a_signal_is_read(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    (tmp_path / "out").chmod(0o755)
    (tmp_path / "out" / "my_features.npy").write_text("three weeks")
    stream = io.StringIO()
    spec = CurateSpec(source=str(pristine), out=tmp_path / "out", task="form")
    with pytest.raises(Refused, match=r"my_features\.npy"):
        curate(spec, TextReporter(stream))
    assert stream.getvalue() == ""
