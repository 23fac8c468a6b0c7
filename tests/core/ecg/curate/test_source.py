"""Where PTB-XL comes from."""

import shutil
import zipfile

import pytest

from core.ecg import ptbxl_like
from core.ecg.mirror_kit import missing
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate
from sweeptree.ecg.curate.fetch import Client, FetchError
from sweeptree.ecg.curate.plan import plan
from sweeptree.ecg.curate.source import plain_url
from sweeptree.errors import Refused


def records(site):
    return [
        f"{ptbxl_like.stem(i, 100)}{suffix}" for i in range(1, 13) for suffix in (".hea", ".dat")
    ]


def test_a_mirror_gives_the_same_arrays_as_the_folder(site, pristine, tmp_path):
    here = curate(CurateSpec(source=str(pristine), out=tmp_path / "a" / "out"))
    there = curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    assert there.outputs["signals_100.npy"] == here.outputs["signals_100.npy"]
    assert there.source == site.url


@pytest.mark.slow
def test_a_file_missing_at_the_mirror_becomes_a_finding(site, tmp_path):
    site.faults[f"{ptbxl_like.stem(5, 100)}.dat"] = missing
    with pytest.raises(Refused, match="file_missing: ecg 5"):
        curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))


@pytest.mark.slow
def test_a_second_curation_of_a_mirror_fetches_no_record_again(site, tmp_path):
    first = curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    site.asked.clear()
    assert curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out")) == first
    assert not [name for name in site.asked if name.startswith("records")]


def test_what_was_fetched_serves_without_a_network(site, tmp_path):
    first = curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    site.asked.clear()
    second = curate(CurateSpec(out=tmp_path / "b" / "out"))
    assert second.outputs["signals_100.npy"] == first.outputs["signals_100.npy"]
    assert not site.asked


def test_a_zip_is_fetched_and_read(site, pristine, tmp_path):
    with zipfile.ZipFile(site.root / "ptb-xl.zip", "w") as archive:
        for path in sorted(p for p in pristine.rglob("*") if p.is_file()):
            archive.write(path, f"top/{path.relative_to(pristine)}")
    manifest = curate(CurateSpec(source=f"{site.url}ptb-xl.zip", out=tmp_path / "b" / "out"))
    assert manifest.counts["records"] == 12


def test_a_local_file_address_is_refused():
    with pytest.raises(FetchError, match="no http"):
        Client("file:///etc/")


def test_no_space_is_refused_before_anything_is_fetched(site, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(Refused, match="are free"):
        curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    assert not [name for name in site.asked if name.startswith("records")]


def test_the_plan_of_a_mirror_reads_tables_and_writes_nothing(site, tmp_path):
    found = plan(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    assert (found.records, found.fetch_files) == (12, 24)
    assert not (tmp_path / "b").exists()
    assert not [name for name in site.asked if name.startswith("records")]


def test_a_password_in_the_address_is_not_written_down():
    assert plain_url("https://me:secret@host/a/?token=x") == "https://host/a/"
