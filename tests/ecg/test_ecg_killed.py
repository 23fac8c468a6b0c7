"""kill -9 of the curator at many points of its way: the old dataset or the new one stands, and a
rerun ends the same.

The points are the audit events of the interpreter (open, rename, chmod, send ...), so a kill comes
before each kind of step, also between the last change of the new folder and its exchange, and
between the exchange and the clearing up.
"""

import os
import signal
import sys
from pathlib import Path

import pytest

from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate

STEPS = frozenset(
    {
        "open",
        "os.mkdir",
        "os.rename",
        "os.chmod",
        "os.remove",
        "os.rmdir",
        "os.truncate",
        "shutil.rmtree",
    }
    | {"ctypes.dlsym", "http.client.connect", "http.client.send"}
)


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def in_child(work, die_at=0, note=None):
    """Run `work` in a process of its own that kills itself before step number `die_at`; 0: it
    counts its steps."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    steps = 0

    def step(event, _):
        nonlocal steps
        if event in STEPS:
            steps += 1
            if steps == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    status = 1
    try:
        sys.addaudithook(step)
        work()
        status = 0
        if note:
            note.write_text(str(steps))
    finally:
        os._exit(status)


def points(work, note, most):
    """Step numbers: all of them, or `most` of them, spread over the whole way."""
    assert in_child(work, note=note) == 0
    total = int(note.read_text())
    return (
        sorted({1 + n * (total - 1) // (most - 1) for n in range(most)})
        if total > most
        else range(1, total + 1)
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.timeout(900)
def test_killed_while_it_replaces_a_dataset_the_old_or_the_new_one_stands(pristine, tmp_path):
    def make(out, **options):
        return curate(CurateSpec(source=str(pristine), out=out, **options))

    make(tmp_path / "old", limit=6)
    make(tmp_path / "new")
    old, new = content(tmp_path / "old"), content(tmp_path / "new")
    out = tmp_path / "data" / "out"
    make(out, limit=6)
    seen = set()
    for point in points(lambda: make(out), tmp_path / "steps", 1000):
        make(out, limit=6)
        assert os.WIFSIGNALED(in_child(lambda: make(out), point))
        found = content(out)
        assert found in (old, new)
        seen.add(found == new)
        make(out)
        assert content(out) == new
        assert sorted(p.name for p in out.parent.iterdir()) == [
            ".out.lock",
            ".out.state.json",
            "out",
        ]
    assert seen == {True, False}


def test_killed_while_it_makes_the_first_dataset_it_is_whole_or_absent(pristine, tmp_path):
    def make(folder):
        return curate(CurateSpec(source=str(pristine), out=folder / "out"))

    make(tmp_path / "reference")
    want = content(tmp_path / "reference" / "out")
    for point in points(lambda: make(tmp_path / "count"), tmp_path / "steps", 40):
        folder = tmp_path / f"at{point}"
        in_child(lambda folder=folder: make(folder), point)
        assert content(folder / "out") in ({}, want)
        make(folder)
        assert content(folder / "out") == want


@pytest.mark.timeout(900)
def test_killed_while_it_fetches_no_file_is_wrong_and_a_rerun_ends_the_same(
    site, pristine, tmp_path
):
    curate(CurateSpec(source=str(pristine), out=tmp_path / "reference"))
    want = content(tmp_path / "reference")["signals_100.npy"]

    def fetch(folder):
        return curate(CurateSpec(source=site.url, out=folder / "out"))

    for point in points(lambda: fetch(tmp_path / "count"), tmp_path / "steps", 20):
        folder = tmp_path / f"at{point}"
        in_child(lambda folder=folder: fetch(folder), point)
        for path in (folder / "raw").rglob("*_lr.*"):
            if path.suffix in (".dat", ".hea"):
                assert path.read_bytes() == (site.root / Path(*path.parts[-3:])).read_bytes()
        fetch(folder)
        assert content(folder / "out")["signals_100.npy"] == want
        assert not list(folder.rglob("*.part"))
