"""How many files are read at once, and that it makes no difference to what is found."""

import threading
import time

import numpy as np
import pytest

from core.ecg import ptbxl_like
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate, verify
from sweeptree.ecg.curate.confined import FolderStore

RECORDS = 60


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(verify, "SHARD", 2)


@pytest.fixture
def readers(monkeypatch):
    """Storage that takes a while for each record; the list gets how many reads were under way at
    each."""
    plain, guard, active, seen = FolderStore.read, threading.Lock(), [0], []

    def slow(store, name, limit):
        if not name.endswith(".dat"):
            return plain(store, name, limit)
        with guard:
            active[0] += 1
            seen.append(active[0])
        time.sleep(0.02)
        with guard:
            active[0] -= 1
        return plain(store, name, limit)

    monkeypatch.setattr(FolderStore, "read", slow)
    return seen


@pytest.mark.slow
def test_slow_storage_is_read_by_several_at_once(small_shards, readers, tmp_path):
    source = ptbxl_like.make(tmp_path / "source", RECORDS)
    curate(CurateSpec(source=str(source), out=tmp_path / "out", rate="100"))
    assert (len(readers), readers[0]) == (RECORDS, 1)
    assert max(readers) == verify.READERS


def test_the_number_of_readers_makes_no_difference(small_shards, monkeypatch, tmp_path):
    source = ptbxl_like.make(tmp_path / "source", RECORDS)
    ptbxl_like.DEFECTS["flipped_bit"][0](source)
    made = []
    for name, owned in (
        ("alone", 1e9),
        ("together", 0.0),
    ):  # as if no shard had waited, and as if each had
        monkeypatch.setattr(
            verify.time, "thread_time", lambda owned=owned: time.perf_counter() * owned
        )
        out = tmp_path / name
        curate(CurateSpec(source=str(source), out=out, rate="100", on_bad_record="quarantine"))
        made.append(
            {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        )
    assert made[0] == made[1]
    assert len(np.load(tmp_path / "alone" / "signals_100.npy", mmap_mode="r")) == RECORDS - 1
