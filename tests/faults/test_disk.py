"""Disks that are full, read-only or lose their power; records that are torn, huge or no records;
kills at each call."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from core.keeper_kit import until
from fault_kit import (
    Driver,
    Sweeper,
    check_history,
    counted,
    counting,
    fill,
    records,
    states,
    tmpfs,
    until_running,
)
from helpers import git

from sweeptree.model import JobState
from sweeptree.records import SweepPaths, SweepStore
from sweeptree.sweep.view import FOR_ROOM, view_sweep

HOLD = "while [ ! -e {} ]; do sleep 0.02; done"
RECORD = """
import sys
from pathlib import Path
from sweeptree.system.files import write_json
write_json(Path(sys.argv[1]) / "record.json", {"version": 2, "pad": "x" * 9000})
"""
OUTCOME = """
import sys
sys.path.append(sys.argv[2])
from sweeptree.supervise.files import write_aside
write_aside(sys.argv[1] + "/record.json", {"version": 2, "pad": "x" * 9000}, durable=True)
"""
FAULTS = [
    (call, fault)
    for call in ("openat", "write", "fsync", "rename,renameat,renameat2", "close")
    for fault in ("signal=KILL", "error=ENOSPC", "error=EIO")
    if call != "close" or fault == "signal=KILL"
]
BAD_RECORDS: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(b"\0" * 4096),
    "list": lambda path: path.write_text("[]"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "odd": lambda path: path.write_text('{"id": "x", "state": 7}'),
    "huge": lambda path: os.truncate(path, 1 << 30),
    "folder": lambda path: (path.unlink(), path.mkdir()),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "link": lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
}


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """A disk whose plug can be pulled: the first call mounts it, the second what had reached it by
    then."""
    image, mounts = tmp_path / "image", []

    def mount(source: Path) -> Path:
        place = tmp_path / f"mount{len(mounts)}"
        place.mkdir()
        argv = ["mount", "-o", "loop,commit=300", str(source), str(place)]
        if subprocess.run(argv, capture_output=True).returncode:
            pytest.skip("no right to mount a loop device")
        mounts.append(place)
        return place

    def pull() -> Path:
        if mounts:
            shutil.copyfile(image, tmp_path / "copy")
            return mount(tmp_path / "copy")
        with image.open("wb") as file:
            file.truncate(200 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        return mount(image)

    if shutil.which("mkfs.ext4") is None:
        pytest.skip("mkfs.ext4 is not installed")
    yield pull
    for place in reversed(mounts):
        subprocess.run(["umount", "-l", place], check=True)


def test_row_6_after_a_power_cut_what_was_called_done_is_there(
    sweeper: Sweeper, plug: Callable[[], Path], tmp_path: Path
) -> None:
    disk = plug()
    sweeper.repo = Path(shutil.copytree(sweeper.repo, disk / "repo"))
    os.sync()
    spec = sweeper.spec(
        ["echo more >> train.py", "true", "exit 3"], commit_and_pr=True, min_free=10
    )
    sweeper.run(spec)
    branch = str(records(sweeper.paths(spec))[0].git_branch)
    after = plug() / "repo"
    assert states(SweepPaths(after / "results" / spec["exp_name"])) == [
        "succeeded",
        "succeeded",
        "failed",
    ]
    assert git("show", f"{branch}:train.py", cwd=after).endswith("more")
    assert "error" not in git("fsck", cwd=after)


def test_row_6_a_sweep_goes_on_after_a_power_cut(
    sweeper: Sweeper, plug: Callable[[], Path], tmp_path: Path
) -> None:
    disk = plug()
    sweeper.repo = Path(shutil.copytree(sweeper.repo, disk / "repo"))
    os.sync()
    spec = sweeper.spec(["true", "true", "test $SWEEPTREE_ATTEMPT = 2 || sleep 600"], min_free=10)
    driver = sweeper.start(spec)
    until_running(sweeper.paths(spec), 2)
    until(lambda: states(sweeper.paths(spec))[:2] == ["succeeded"] * 2)
    after = plug() / "repo"
    driver.kill()
    again = {**spec, "repo": str(after)}
    sweeper.repo = after
    assert sweeper.resume(again)["message"] == "3 succeeded"
    check_history(sweeper.paths(again))


@pytest.mark.parametrize("program", [RECORD, OUTCOME], ids=["record", "outcome"])
@pytest.mark.parametrize(("call", "fault"), FAULTS)
def test_row_7_a_record_is_old_or_new_whatever_call_fails(
    tmp_path: Path, program: str, call: str, fault: str
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    record = tmp_path / "record.json"
    record.write_text('{"version": 1}')
    root = str(Path(__file__).parents[2])
    flags = ["-I", "-S"] if program is OUTCOME else []
    strace = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        str(tmp_path),
        "-P",
        str(record),
    ]
    inject = ["-e", f"inject={call}:{fault}:when=1"]
    subprocess.run(
        [*strace, *inject, sys.executable, *flags, "-c", program, tmp_path, root],
        capture_output=True,
    )
    assert json.loads(record.read_text())["version"] in (1, 2)


def test_row_8_a_full_disk_makes_no_false_success_and_resume_recovers(
    sweeper: Sweeper, small_disk: Path, tmp_path: Path
) -> None:
    hold = HOLD.format(tmp_path / "go")
    spec = sweeper.spec(
        counting(tmp_path / "runs", 2, hold), results_dir=str(small_disk), min_free=100
    )
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 0, 1)
    ballast = fill(small_disk)
    (tmp_path / "go").touch()
    until(lambda: not sweeper.pids(spec), 60)
    said = [job for job, state in enumerate(states(paths)) if state is JobState.SUCCEEDED]
    outcomes = [json.loads(paths.attempt(job, 1, "outcome").read_text()) for job in said]
    assert [outcome["exit_code"] for outcome in outcomes] == [0] * len(said)
    ballast.unlink()
    driver.wait()
    sweeper.resume(spec, failed=True)
    assert states(paths) == ["succeeded", "succeeded"]
    assert counted(tmp_path / "runs") == {0: 1, 1: 1}


def crowd(disk: Path, sweeper: Sweeper, go: Path) -> tuple[dict[str, Any], Driver]:
    """A sweep whose second job waits for room: its first one ran when the disk became crowded, and
    has ended."""
    commands = [HOLD.format(go), f"test ! -e {disk}/ballast"]
    spec = sweeper.spec(commands, results_dir=str(disk), parallel=1, min_free=50)
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 0)
    (disk / "ballast").write_bytes(b"x" * (120 << 20))
    go.touch()
    until(lambda: states(paths)[:1] == ["succeeded"])
    until(lambda: [job.note for job in view_sweep(paths).jobs] == ["", FOR_ROOM])
    return spec, driver


def test_row_8_a_sweep_waits_for_room_before_the_next_job_and_goes_on_by_itself(
    sweeper: Sweeper, small_disk: Path, tmp_path: Path
) -> None:
    _, driver = crowd(small_disk, sweeper, tmp_path / "go")
    (small_disk / "ballast").unlink()
    report = driver.wait()
    assert report is not None and report["message"] == "2 succeeded", report


def test_row_8_a_sweep_that_waits_for_room_can_be_cancelled_and_goes_on_later(
    sweeper: Sweeper, small_disk: Path, tmp_path: Path
) -> None:
    spec, driver = crowd(small_disk, sweeper, tmp_path / "go")
    paths = sweeper.paths(spec)
    paths.cancel.write_text("term")
    report = driver.wait()
    assert report is not None and (report["name"], states(paths)) == ("Cancelled", ["succeeded"])
    (small_disk / "ballast").unlink()
    assert sweeper.resume(spec)["message"] == "2 succeeded"


def test_row_8_a_file_system_without_inodes_is_too_full(sweeper: Sweeper, tmp_path: Path) -> None:
    disk = tmp_path / "few"
    if not tmpfs(disk, "160m,nr_inodes=500"):
        pytest.skip("no right to mount a small disk")
    report = sweeper.run(sweeper.spec(["true"], results_dir=str(disk), min_free=1))
    subprocess.run(["umount", "-l", disk], check=True)
    assert (report["name"], "more files" in report["message"]) == ("Refused", True)


def test_row_8_a_disk_with_too_little_room_is_refused_before_the_start(
    sweeper: Sweeper, small_disk: Path
) -> None:
    (small_disk / "ballast").write_bytes(b"x" * (100 << 20))
    report = sweeper.run(sweeper.spec(["true"], results_dir=str(small_disk), min_free=100))
    assert (report["name"], "there is no room to start" in report["message"]) == ("Refused", True)


@pytest.mark.parametrize("what", ["results", "repository"])
def test_row_9_a_read_only_place_is_refused_by_its_path(
    sweeper: Sweeper, tmp_path: Path, what: str
) -> None:
    place = tmp_path / "results" if what == "results" else sweeper.repo
    place.mkdir(exist_ok=True)
    if subprocess.run(["mount", "--bind", place, place], capture_output=True).returncode:
        pytest.skip("no right to mount")
    subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
    try:
        report = sweeper.run(sweeper.spec(["true"], results_dir=str(tmp_path / "results")))
    finally:
        subprocess.run(["umount", place], check=True)
    assert (report["name"], str(place) in report["message"]) == ("Refused", True), report


@pytest.mark.parametrize("kind", BAD_RECORDS)
def test_row_10_what_is_no_record_is_kept_aside_and_nothing_runs_twice(
    sweeper: Sweeper, tmp_path: Path, kind: str
) -> None:
    spec = sweeper.spec(counting(tmp_path / "runs", 2))
    sweeper.run(spec)
    paths = sweeper.paths(spec)
    BAD_RECORDS[kind](paths.record(0))
    assert sweeper.resume(spec)["message"] == "2 succeeded"
    assert counted(tmp_path / "runs") == {0: 1, 1: 1}
    assert os.path.lexists(f"{paths.record(0)}.corrupt")
    assert json.loads(paths.aggregated_json.read_text())["n_jobs"] == 2


@pytest.mark.parametrize("tail", [b'{"id": 0, "sta', b"\0" * 700, b"\xff\xfe\n"])
def test_row_10_a_torn_ledger_costs_no_later_entry(tmp_path: Path, tail: bytes) -> None:
    paths = SweepPaths(tmp_path / "sweep")
    with SweepStore.open(paths) as store:
        store.update(0, state=JobState.RUNNING)
    with paths.ledger.open("ab") as ledger:
        ledger.write(tail)
    with SweepStore.open(paths) as store:
        store.update(0, state=JobState.SUCCEEDED)
    last = paths.ledger.read_bytes().splitlines()[-1]
    assert json.loads(last)["state"] == "succeeded"


def test_row_10_a_record_that_a_job_plants_before_there_is_one_is_not_believed(
    tmp_path: Path,
) -> None:
    paths = SweepPaths(tmp_path / "sweep")
    with SweepStore.open(paths) as store:
        assert store.record(0).state is JobState.PLANNED
        paths.record(0).write_text('{"id": 0, "state": "succeeded", "cmd": "planted"}')
        assert store.record(0).cmd == store.update(0, seed=1).cmd == ""


def test_row_10_a_full_disk_leaves_the_ledger_for_later(small_disk: Path) -> None:
    paths = SweepPaths(small_disk / "sweep")
    with SweepStore.open(paths) as store:
        store.update(0, state=JobState.RUNNING, cmd="x" * 9000)
        with paths.ledger.open("ab") as ledger:
            ledger.write(
                b"x" * (4095 - paths.ledger.stat().st_size % 4096) + b"\n"
            )  # its last page is full
        ballast = fill(small_disk)
        store._ledger.note(store.record(0))
        ballast.unlink()
    assert json.loads(paths.ledger.read_bytes().splitlines()[-1])["state"] == "running"


def test_row_10_a_record_that_a_job_made_a_folder_is_written_all_the_same(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["cd $SWEEPTREE_OUT/.. && rm job_0.meta.json && mkdir job_0.meta.json"])
    assert sweeper.run(spec)["message"] == "1 succeeded"
    assert states(sweeper.paths(spec)) == ["succeeded"]


@pytest.mark.parametrize("lost", ["gitdir", "commondir"])
def test_row_6_git_s_entry_that_a_power_cut_emptied_is_repaired(
    sweeper: Sweeper, lost: str
) -> None:
    spec = sweeper.spec(["echo half > half.txt; exit 1"])
    sweeper.run(spec)
    (entry,) = (sweeper.repo / ".git/worktrees").iterdir()
    (entry / lost).write_bytes(b"")
    assert sweeper.resume(spec, failed=True)["message"] == "1 failed"
    git("worktree", "add", "--detach", sweeper.repo.parent / "mine", cwd=sweeper.repo)
    git("fsck", cwd=sweeper.repo)


def test_row_8_a_record_that_could_not_be_written_is_not_taken_for_written(
    sweeper: Sweeper, small_disk: Path
) -> None:
    spec = sweeper.spec(
        [f"head -c 1000 /dev/zero > {small_disk}/x"], results_dir=str(small_disk), min_free=100
    )
    assert sweeper.run(spec)["message"] == "1 succeeded"
    record, paths = records(sweeper.paths(spec))[0], sweeper.paths(spec)
    with SweepStore.open(paths) as store:
        ballast = fill(small_disk)
        with pytest.raises(OSError, match="No space"):
            store.update(0, state=JobState.FAILED, cmd="x" * 9000)
        assert store.record(0) == record
        ballast.unlink()
    assert records(paths)[0] == record


@pytest.mark.parametrize("when", [1, 2, 3], ids=["sweep", "repository", "worktrees"])
def test_a_file_system_without_locks_is_refused_with_a_word(repo: Path, when: int) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    inject = ["-e", "trace=flock", "-e", f"inject=flock:error=ENOSYS:when={when}+"]
    program = str(Path(sys.executable).with_name("sweeptree"))
    run = ["run", "-n", "exp", "--commands", '["true"]', "--use_worktree", "--smoke", "5s"]
    argv = ["strace", "-f", "-qq", "-o", "/dev/null", *inject, program, *run]
    done = subprocess.run(argv, cwd=repo, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "keeps no locks (flock)" in done.stderr + done.stdout
