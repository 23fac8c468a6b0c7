"""`sweeptree logs`: bytes as they are, the ends of huge logs, and following."""

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep, held, plan_sweep, put, spawn
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, SweepStore

ODD = b"\x00\xff\xfe tqdm\r 10%\r 20%\n\xc3\x28 no newline"


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """Four finished jobs below tmp_path/results."""
    return finished_sweep(tmp_path / "results")


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts `sweeptree logs TARGET -f`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(target: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "sweeptree", "logs", target, "-f"]
        started.append(
            subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def append(path: Path, data: bytes) -> None:
    """Write to the end of a log as a job does."""
    with path.open("ab") as log:
        log.write(data)


def running_sweep(tmp_path: Path, jobs: int = 2) -> tuple[SweepPaths, SweepStore]:
    """A sweep that this process drives, its job 0 running."""
    paths = plan_sweep(tmp_path / "results", jobs=jobs)
    store = SweepStore.open(paths)
    paths.log(0).touch()
    put(store, 0, JobState.RUNNING)
    return paths, store


def test_one_job_is_printed_byte_for_byte(paths: SweepPaths, tmp_path: Path) -> None:
    paths.log(1).write_bytes(ODD)
    assert spawn("logs", "unet:1", cwd=tmp_path).stdout == ODD


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "shown"),
    [((), b"\x1b[31mred\x1b[0m"), (("--raw",), b"\x1b]0;t\x07\x1b[31mred\x1b[0m")],
)
def test_a_terminal_gets_colours_and_the_rest_only_when_asked(
    paths: SweepPaths, tmp_path: Path, more: tuple[str, ...], shown: bytes
) -> None:
    paths.log(1).write_bytes(b"\x1b]0;t\x07\x1b[31mred\x1b[0m")
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "sweeptree", "logs", "unet:1", *more]
    subprocess.run(argv, cwd=tmp_path, stdout=theirs, stdin=subprocess.DEVNULL, check=True)
    os.close(theirs)
    assert os.read(ours, 1000) == shown
    os.close(ours)


def test_several_jobs_are_told_apart(paths: SweepPaths) -> None:
    lines = call("logs", str(paths.root)).out.splitlines()
    assert lines[:4] == ["0 | epoch 1", "0 | epoch 2", "0 | epoch 3", "1 | epoch 1"]


@pytest.mark.parametrize(
    ("data", "lines", "expected"),
    [
        (b"a\nb\nc\n", 2, "b\nc\n"),
        (b"a\nb\nc", 2, "b\nc"),
        (b"a\nb\n", 9, "a\nb\n"),
        (b"a\n", 0, ""),
        (b"", 3, ""),
        (b"x" * 200_000 + b"\nlast\n", 1, "last\n"),
        (b"first\n" + b"x" * 200_000 + b"\n", 1, "x" * 200_000 + "\n"),
    ],
)
def test_tail(paths: SweepPaths, data: bytes, lines: int, expected: str) -> None:
    paths.log(0).write_bytes(data)
    assert call("logs", f"{paths.root}:0", "--tail", str(lines)).out == expected


def test_a_link_in_the_place_of_a_log_is_not_followed(paths: SweepPaths, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not print")
    paths.log(0).unlink()
    paths.log(0).symlink_to(secret)
    ran, all_jobs = call("logs", f"{paths.root}:0"), call("logs", str(paths.root))
    assert ran.code == 2 and "symbolic link" in ran.err
    assert "do not print" not in ran.out + all_jobs.out


@pytest.mark.parametrize(
    ("target", "told"), [("unet:9", "no job 9"), ("unet:x", "not the number"), ("none", "no sweep")]
)
def test_wrong_targets(paths: SweepPaths, target: str, told: str) -> None:
    ran = call("logs", target, "--results_dir", str(paths.root.parent))
    assert ran.code == 2 and told in ran.err


def test_a_job_that_has_not_begun_is_said_so(paths: SweepPaths) -> None:
    paths.log(2).unlink()
    ran = call("logs", f"{paths.root}:2")
    assert (ran.code, ran.out) == (0, "") and "no log yet" in ran.err


def test_follow_of_a_finished_sweep_ends_at_once(paths: SweepPaths) -> None:
    assert call("logs", str(paths.root), "-f").out.count("epoch 3") == 4


def test_follow_of_a_folder_without_a_ledger_prints_what_there_is(paths: SweepPaths) -> None:
    paths.ledger.unlink()
    assert call("logs", str(paths.root), "-f").out.count("epoch 3") == 4


@pytest.mark.slow
def test_follow_prints_what_comes_and_ends_with_the_sweep(
    tmp_path: Path, follow: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    paths, store = running_sweep(tmp_path)
    process = follow("unet")
    assert process.stdout is not None
    append(paths.log(0), b"one\n")
    assert process.stdout.readline() == b"0 | one\n"
    append(paths.log(1), b"two\n")
    put(store, 1, JobState.RUNNING)
    assert process.stdout.readline() == b"1 | two\n"
    append(paths.log(0), b"unfinished")
    for n in (0, 1):
        put(store, n, JobState.SUCCEEDED)
    store.close()
    assert process.communicate(timeout=60)[0] == b"0 | unfinished\n"


@pytest.mark.slow
def test_follow_of_one_job_ends_with_the_job(
    tmp_path: Path, follow: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    paths, store = running_sweep(tmp_path)
    with store, held(paths.attempt(0, 1, "alive")):
        process = follow("unet:0")
        assert process.stdout is not None
        append(paths.log(0), ODD)
        assert os.read(process.stdout.fileno(), 1000) == ODD
        put(store, 0, JobState.SUCCEEDED)
        assert process.poll() is None
    assert process.wait(timeout=60) == 0


def test_follow_begins_anew_when_a_new_attempt_does(
    tmp_path: Path, follow: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    paths, store = running_sweep(tmp_path)
    process = follow("unet:0")
    assert process.stdout is not None
    append(paths.log(0), b"first try\n")
    assert process.stdout.readline() == b"first try\n"
    paths.log(0).rename(paths.attempt(0, 1, "log"))
    append(paths.log(0), b"the second try is longer\n")
    assert process.stdout.readline() == b"the second try is longer\n"
    store.close()


def test_interrupting_follow_is_130(
    tmp_path: Path, follow: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    import signal

    paths, store = running_sweep(tmp_path)
    append(paths.log(0), b"here\n")
    process = follow("unet:0")
    assert process.stdout is not None and process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    store.close()
    assert process.returncode == 130


@pytest.mark.slow
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_the_tail_of_a_progress_bar_is_its_last_states(
    paths: SweepPaths, tmp_path: Path, end: bytes
) -> None:
    bar = b"".join(b"\r%6d/100000 |####|" % n for n in range(20_000))
    paths.log(1).write_bytes(b"begin\n" + bar + end)
    ran = spawn("logs", "unet:1", "-n", "3", cwd=tmp_path)
    assert ran.stdout == bar[-3 * 21 + 1 :] + end


def test_the_tail_counts_a_line_end_of_windows_once(paths: SweepPaths, tmp_path: Path) -> None:
    paths.log(1).write_bytes(b"a\r\nb\r\nc\r\n")
    assert spawn("logs", "unet:1", "-n", "2", cwd=tmp_path).stdout == b"b\r\nc\r\n"
