"""Whole files of a job: resumed, checked, and none that leads elsewhere."""

import os
import subprocess
from pathlib import Path

import pytest

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.back import files
from sweeptree.hosts.back.files import Order, RemoteFile, bring
from sweeptree.hosts.remote import Site


@pytest.fixture
def order(tmp_path: Path) -> Order:
    source, dest = tmp_path / "source", tmp_path / "dest"
    (source / "job_3/artifacts/deep").mkdir(parents=True)
    dest.mkdir()
    (source / "job_3.log").write_bytes(b"a log\n")
    (source / "job_3/artifacts/big.bin").write_bytes(os.urandom(3_000_000))
    (source / "job_3/artifacts/deep/run.sh").write_bytes(b"#!/bin/sh\n")
    (source / "job_3/artifacts/deep/run.sh").chmod(0o750)
    (source / "job_3/artifacts/empty").write_bytes(b"")
    staging = dest / ".state/coming_3"
    return Order(str(source), ("job_3.log", "job_3.metrics.jsonl", "job_3"), dest, staging)


def tree(top: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(top.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(top))] = os.readlink(path)
        elif path.is_file():
            found[str(path.relative_to(top))] = path.read_bytes()
    return found


def source_of(order: Order) -> Path:
    return Path(order.source)


def test_all_of_a_job_comes_with_its_modes(site: Site, order: Order) -> None:
    brought = bring(site, order)
    assert tree(order.dest) == tree(source_of(order))
    assert (order.dest / "job_3/artifacts/deep/run.sh").stat().st_mode & 0o777 == 0o750
    assert len(brought.files) == 4
    assert not order.staging.exists()


@pytest.mark.parametrize("name", ["sp ace", "new\nline", "ü", "q\"'", "-x", "b\udcff", "$(id)"])
def test_odd_names_come(site: Site, order: Order, name: str) -> None:
    (source_of(order) / "job_3" / name).write_bytes(b"x")
    bring(site, order)
    assert (order.dest / "job_3" / name).read_bytes() == b"x"


def test_a_second_time_nothing_is_sent(site: Site, order: Order) -> None:
    bring(site, order)
    bring(site, order)
    assert len(site.remote.streams) == 1


def test_a_cut_connection_goes_on_where_it_ended(
    site: Site, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_after_one(*words: object) -> bytes:
        site.remote.streams[-1].kill()
        return real(*words)

    real = files._exactly
    with monkeypatch.context() as patch, pytest.raises(SweeptreeError, match="did not all come"):
        patch.setattr(files, "_exactly", cut_after_one)
        bring(site, order)
    assert not (order.dest / "job_3.log").exists()
    bring(site, order)
    assert tree(order.dest) == tree(source_of(order))


def test_what_came_before_is_not_sent_again(site: Site, order: Order) -> None:
    whole = (source_of(order) / "job_3/artifacts/big.bin").read_bytes()
    half = order.staging / "job_3/artifacts/big.bin"
    half.parent.mkdir(parents=True)
    half.write_bytes(whole[:2_000_000])
    file = RemoteFile("job_3/artifacts/big.bin", len(whole), 0o644, "")
    assert files._offset(order, file) == 2_000_000
    bring(site, order)
    assert (order.dest / file.path).read_bytes() == whole


@pytest.mark.parametrize("here", [b"a l", b"not a log of this job\n", b"b"])
def test_what_is_here_is_the_beginning_if_it_is_one(site: Site, order: Order, here: bytes) -> None:
    (order.dest / "job_3.log").write_bytes(here)
    bring(site, order)
    assert (order.dest / "job_3.log").read_bytes() == b"a log\n"


def test_a_partial_file_with_wrong_bytes_comes_anew(site: Site, order: Order) -> None:
    half = order.staging / "job_3/artifacts/big.bin"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"wrong")
    bring(site, order)
    assert tree(order.dest) == tree(source_of(order))


def test_a_file_that_changes_meanwhile_is_not_accepted(
    site: Site, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(*words: object) -> None:
        (source_of(order) / "job_3.log").write_bytes(b"other\n")
        real(*words)

    real = files._receive
    monkeypatch.setattr(files, "_receive", change)
    with pytest.raises(SweeptreeError, match=r"job_3\.log changed on gpu2"):
        bring(site, order)
    assert tree(order.dest / "job_3") == {}


def test_large_artifacts_may_stay_there(site: Site, order: Order) -> None:
    kept = bring(site, Order(order.source, order.names, order.dest, order.staging, 5))
    sizes = {file.path: file.size for file in kept.kept}
    assert sizes == {"job_3/artifacts/big.bin": 3_000_000, "job_3/artifacts/deep/run.sh": 10}
    assert kept.host == "gpu2"
    assert len(kept.kept[0].sha256) == 64
    assert (order.dest / "job_3.log").exists()
    assert not (order.dest / "job_3/artifacts/big.bin").exists()


def test_links_come_only_where_they_stay_inside(site: Site, order: Order) -> None:
    artifacts = source_of(order) / "job_3/artifacts"
    (artifacts / "inner").symlink_to("deep/run.sh")
    (artifacts / "outer").symlink_to("../../../secret")
    (artifacts / "root").symlink_to("/etc/passwd")
    os.mkfifo(artifacts / "pipe")
    brought = bring(site, order)
    assert os.readlink(order.dest / "job_3/artifacts/inner") == "deep/run.sh"
    assert sorted(brought.skipped) == [
        "job_3/artifacts/outer: a link that leads outside",
        "job_3/artifacts/pipe: not a regular file",
        "job_3/artifacts/root: a link that leads outside",
    ]


def test_a_link_here_is_not_written_through(site: Site, order: Order, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (order.dest / "job_3").symlink_to(tmp_path / "victim")
    with pytest.raises(SweeptreeError, match="a link or file stands in the way"):
        bring(site, order)
    assert not list((tmp_path / "victim").iterdir())


@pytest.mark.parametrize("path", ["../x", "/x", "job_3/../../x", "job_3//x", ""])
def test_a_path_that_leads_elsewhere_is_an_error(site: Site, path: str) -> None:
    with pytest.raises(SweeptreeError, match="leads elsewhere"):
        files._check(path, site)


def test_too_little_room_is_refused_before_anything_comes(
    site: Site, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: Free(5))
    with pytest.raises(Refused, match="5 bytes free, and 3,000,016 bytes are to come"):
        bring(site, order)
    assert not site.remote.streams


class Free:
    def __init__(self, free: int) -> None:
        self.free = free


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_a_disk_that_fills_up_accepts_nothing(
    site: Site, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(order.dest)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        monkeypatch.setattr(files, "_check_room", lambda *_: order.staging.mkdir(parents=True))
        with pytest.raises(Refused, match="no space left"):
            bring(site, order)
        assert [path.name for path in order.dest.iterdir()] == [".state"]
    finally:
        subprocess.run(["umount", str(order.dest)], check=True)
