"""One data/processed for all worktrees: linked, read-only, and a change of it does not go
unnoticed."""

import os
import shlex
import subprocess
import sys

import pytest
from helpers import git

from sweeptree.ecg import CurateSpec, load
from sweeptree.ecg.curate import curate, swap
from sweeptree.errors import Refused, UsageError
from sweeptree.model import SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep import life
from sweeptree.sweep.executor import Means
from sweeptree.sweep.local import LOCAL
from sweeptree.sweep.results import run_directly
from sweeptree.sweep.running import Sweep

# Root is stopped by no file mode; a root without these rights is a user like any other.
PLAIN = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
SCRIPT = """
import sys
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate
curate(CurateSpec(source=sys.argv[1], out=sys.argv[2], recheck=True))
"""


def _can_be_plain() -> bool:
    try:
        return subprocess.run([*PLAIN, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


as_user = pytest.mark.skipif(
    not _can_be_plain(), reason="this root cannot give up its rights: no setpriv"
)


def make(source, out):
    """Curate as a user whom file modes stop."""
    subprocess.run([*PLAIN, sys.executable, "-c", SCRIPT, source, out], check=True)


@pytest.fixture
def repo(tmp_path, pristine, git_env):
    """A repository with a dataset beside its commit."""
    top = tmp_path / "repo"
    top.mkdir()
    (top / ".gitignore").write_text("results/\ndata/\n")
    git("init", "-q", cwd=top)
    git("add", ".", cwd=top)
    git("commit", "-q", "-m", "first", cwd=top)
    curate(CurateSpec(source=str(pristine), out=top / "data" / "processed"))
    return top


def run_job(repo, command):
    """One job of a sweep in a worktree; returns its log and record."""
    spec = SweepSpec(exp_name="exp", repo=repo, use_worktree=True, commands=(command,))
    means = Means(LOCAL, run_directly)
    with Sweep.open(spec, Settings(slot_dir=repo.parent / "slots")) as sweep:
        record = life.run_job(sweep.job(0), life.Start.COMMAND, means).record
        return sweep.paths.log(0).read_text(), record


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


ATTACKS = (
    "echo x >> $D/splits.json",
    "echo x > $D/new.txt",
    "rm -f $D/splits.json",
    "mv $D/labels $D/x",
    "rm -rf $D/labels",
)


@as_user
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_job_cannot_change_add_or_remove_a_file_of_the_linked_dataset(attack, repo):
    before = content(repo / "data" / "processed")
    user = shlex.join(PLAIN)
    log, record = run_job(repo, f"test -L data && D=data/processed {user} sh -c '{attack}; ls $D'")
    assert "splits.json" in log and "denied" in log
    assert content(repo / "data" / "processed") == before
    assert record.data_digest == load(repo / "data" / "processed").digest


@as_user
def test_a_further_run_replaces_what_is_read_only(pristine, tmp_path):
    out = tmp_path / "data" / "processed"
    for _ in range(2):
        make(pristine, out)
    assert load(out).manifest["counts"]["records"] == 12
    assert sorted(p.name for p in out.parent.iterdir()) == [
        ".processed.lock",
        ".processed.state.json",
        "processed",
    ]


@as_user
def test_a_read_only_folder_that_a_killed_run_left_is_cleared_away(pristine, tmp_path):
    left = tmp_path / ".out.new"
    (left / "labels").mkdir(parents=True)
    (left / "labels" / "labels.json").write_text("[]")
    swap.freeze(left)
    make(pristine, tmp_path / "out")
    assert not left.exists()


def test_folders_are_read_only_too(pristine, tmp_path):
    curate(CurateSpec(source=str(pristine), out=tmp_path / "out"))
    assert {
        p.stat().st_mode & 0o222 for p in (tmp_path / "out", *(tmp_path / "out").rglob("*"))
    } == {0}


def test_a_link_in_the_place_of_the_temporary_folder_leads_nowhere(pristine, tmp_path):
    (tmp_path / "precious").mkdir(mode=0o700)
    (tmp_path / ".out.new").symlink_to(tmp_path / "precious")
    curate(CurateSpec(source=str(pristine), out=tmp_path / "out"))
    assert (tmp_path / "precious").stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_place_of_the_temporary_folder_is_told_of(pristine, tmp_path):
    (tmp_path / ".out.new").write_text("what is this?")
    with pytest.raises(Refused, match=r"\.out\.new cannot be made"):
        curate(CurateSpec(source=str(pristine), out=tmp_path / "out"))


@pytest.mark.parametrize("name", ["labels.npz", "records.csv", "splits.json", "stats.json"])
def test_what_scores_depend_on_cannot_be_changed_unnoticed(name, pristine, tmp_path):
    curate(CurateSpec(source=str(pristine), out=tmp_path / "out"))
    path = tmp_path / "out" / name
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(UsageError, match=f"{name} was changed after it was made"):
        load(tmp_path / "out")


def test_a_cut_signal_file_is_noticed_by_its_size(pristine, tmp_path):
    curate(CurateSpec(source=str(pristine), out=tmp_path / "out"))
    path = tmp_path / "out" / "signals_100.npy"
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(UsageError, match=r"signals_100\.npy has"):
        load(tmp_path / "out")
