"""The fixtures of the ECG tests, here and in tests/ecg."""

import shutil
import tarfile
from pathlib import Path

import pytest

from core.ecg import ptbxl_like
from core.ecg.mirror_kit import Site
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate

REAL = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "ptbxl-500"


@pytest.fixture(autouse=True)
def private_home(tmp_path, monkeypatch):
    """Nothing of the user's leaks in, and nothing is written where the tests run."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("SWEEPTREE_PTBXL", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """A clean dataset of 12 records at 100 Hz; never change it."""
    return ptbxl_like.make(tmp_path_factory.mktemp("clean") / "ptbxl")


@pytest.fixture
def ptbxl(pristine, tmp_path):
    """A clean dataset to change."""
    return shutil.copytree(pristine, tmp_path / "source" / "ptbxl")


@pytest.fixture(scope="session")
def both_rates(tmp_path_factory):
    """A clean dataset of 20 records at both rates; never change it."""
    return ptbxl_like.make(tmp_path_factory.mktemp("both") / "ptbxl", count=20, rates=(100, 500))


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    """500 real PTB-XL records."""
    if not REAL.is_dir():
        pytest.skip("the real PTB-XL records are not here")
    root = tmp_path_factory.mktemp("real")
    for path in (*REAL.glob("*.csv"), *REAL.glob("*.txt")):
        (root / path.name).write_bytes(path.read_bytes())
    for path in REAL.glob("*.tar.xz"):
        with tarfile.open(path, "r:xz") as archive:
            archive.extractall(root, filter="data")
    return root


@pytest.fixture(scope="session")
def processed(both_rates, tmp_path_factory):
    """The same, curated for reconstruction; read-only."""
    out = tmp_path_factory.mktemp("curated") / "processed"
    curate(CurateSpec(source=str(both_rates), out=out, task="reconstruction", rate="both"))
    return out


@pytest.fixture
def site(ptbxl, monkeypatch):
    """A server on this machine with a clean dataset."""
    monkeypatch.setenv("no_proxy", "*")
    found = Site(ptbxl)
    yield found
    found.close()
