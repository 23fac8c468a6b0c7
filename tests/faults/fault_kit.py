"""What the fault tests share: sweeps in drivers that can be killed at any moment, and what must
hold afterwards."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.cli_records import call
from core.keeper_kit import pids_of, until

from sweeptree.model import JobRecord, JobState
from sweeptree.records import SweepPaths, read_record, record_indices

Die = tuple[str, int]  # a sentence of moments.py, and the how manieth time
LONER = 40_000 + int.from_bytes(os.urandom(4)) % 20_000  # a user that nobody else is on this host
LONGEST = 60.0  # seconds for one sweep, however busy the machine is


@dataclass
class Driver:
    """A process that drives a sweep."""

    pid: int
    report_file: Path
    output: Path

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        handle = self._handle()
        if handle is None:
            return
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        self._gone(handle, LONGEST)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = LONGEST) -> dict[str, Any] | None:
        """Its report once it has ended; None when it was killed."""
        handle = self._handle()
        if handle is not None:
            self._gone(handle, seconds)
        return json.loads(self.report_file.read_text()) if self.report_file.exists() else None

    def _handle(self) -> int | None:
        try:
            return os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None

    def _gone(self, handle: int, seconds: float) -> None:
        ended = bool(select.select([handle], [], [], seconds)[0])
        if not ended:  # have it say where it stands
            signal.pidfd_send_signal(handle, signal.SIGUSR2)
            select.select([handle], [], [], 1.0)
        os.close(handle)
        assert ended, f"the driver has not ended in time: {self.output.read_text()[-5000:]}"


@dataclass
class Zygote:
    """Makes drivers by fork from a process that has imported everything once."""

    folder: Path
    numbers: Iterable[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        program = Path(__file__).with_name("zygote.py")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, str(program)], stdin=pipe, stdout=pipe, text=True
        )

    def drive(
        self,
        spec: dict[str, Any],
        resume: dict[str, Any] | None = None,
        die: Sequence[Die] = (),
        *,
        machine: bool = False,
        files: int = 0,
        processes: int = 0,
        extension: dict[str, Any] | None = None,
    ) -> Driver:
        """Start a driver; with an `extension` of the sweep as it stands on disk ({}: as it is);
        on a `machine` of its own (a PID namespace), with at most that many open `files`, or as a
        user of its own with at most that many `processes` (threads count)."""
        number = next(iter(self.numbers))
        report, output = self.folder / f"{number}.json", self.folder / f"{number}.out"
        order = {"spec": spec, "resume": resume, "die": die, "machine": machine, "files": files}
        order |= {"processes": processes, "user": LONER, "extension": extension}
        order |= {"report": str(report), "output": str(output), "env": dict(os.environ)}
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Driver(int(self._process.stdout.readline()), report, output)

    def close(self) -> None:
        """End it; the drivers go on."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(20)


@dataclass
class Sweeper:
    """Runs sweeps of one repository."""

    repo: Path
    zygote: Zygote

    def spec(self, commands: Sequence[str], **fields: Any) -> dict[str, Any]:
        """The fields of a spec; a new name unless one is given."""
        plain = {
            "exp_name": f"exp{os.urandom(5).hex()}",
            "repo": str(self.repo),
            "use_worktree": True,
        }
        return {**plain, "parallel": 2, "grace": 0.3, "commands": list(commands), **fields}

    def start(self, spec: dict[str, Any], **options: Any) -> Driver:
        """Start a driver of this sweep."""
        return self.zygote.drive(spec, **options)

    def run(self, spec: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Drive a sweep to its end; the report."""
        driver = self.start(spec, **options)
        report = driver.wait()
        assert report is not None, driver.output.read_text()[-3000:]
        return report

    def resume(self, spec: dict[str, Any], **wanted: Any) -> dict[str, Any]:
        """Go on with a sweep, as `sweeptree resume` does."""
        return self.run({**spec, "dirty": "ignore"}, resume=wanted)

    def paths(self, spec: dict[str, Any]) -> SweepPaths:
        """The results of a sweep."""
        root = Path(spec["results_dir"]) if "results_dir" in spec else self.repo / "results"
        return SweepPaths(root / spec["exp_name"])

    def pids(self, spec: dict[str, Any]) -> set[int]:
        """The living processes of its jobs."""
        return pids_of(f"{spec['exp_name']}:")


def counting(runs: Path, count: int, then: str = "true") -> list[str]:
    """Commands that append their number to `runs` when they begin, so that a job that runs twice
    shows."""
    return [f"echo {n} >> {runs}; {then}" for n in range(count)]


def counted(runs: Path) -> Counter[int]:
    """How often each job has begun."""
    return Counter(map(int, runs.read_text().split())) if runs.exists() else Counter()


def records(paths: SweepPaths) -> dict[int, JobRecord]:
    """The records on disk now."""
    return {index: read_record(paths.record(index)) for index in record_indices(paths)}


def states(paths: SweepPaths) -> list[str | None]:
    """The states of the jobs that have started, in their order (the next one may have been made
    ready)."""
    found = (record.state for _, record in sorted(records(paths).items()))
    return [state for state in found if state != JobState.PLANNED]


def running(paths: SweepPaths, *jobs: int) -> bool:
    """Whether these jobs' commands have started."""
    return all(any(paths.state.glob(f"job_{job}.*.started")) for job in jobs)


def until_running(paths: SweepPaths, *jobs: int) -> None:
    """Wait until these jobs' commands have started."""
    until(lambda: running(paths, *jobs), 60)


def check_history(paths: SweepPaths) -> None:
    """The ledger as a history: attempts only rise, an attempt ends once and stays ended, one is
    accepted per job."""
    seen: dict[int, list[tuple[int, JobState]]] = {}
    for line in paths.ledger.read_bytes().splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):  # a line torn by a crash
            entry = json.loads(line)
            seen.setdefault(entry["id"], []).append((entry["attempt"], JobState(entry["state"])))
    for job, history in seen.items():
        check_job(job, history)


def check_job(job: int, history: Sequence[tuple[int, JobState]]) -> None:
    """See `check_history`; one job's (attempt, state) in the order they were told."""
    for (before, old), (after, new) in itertools.pairwise(history):
        assert after >= before, (job, history)
        if after == before and old.is_final:
            assert new in (old, JobState.PLANNED), (job, history)
    accepted = {attempt for attempt, state in history if state is JobState.SUCCEEDED}
    assert len(accepted) <= 1, (job, history)


def tmpfs(place: Path, size: str) -> bool:
    """Mount a small disk; False when there is no right to."""
    place.mkdir(exist_ok=True)
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    return subprocess.run(argv, capture_output=True).returncode == 0


def fill(disk: Path) -> Path:
    """Leave not a byte free; the file that takes the room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass
    return ballast


def findings(repo: Path, *flags: str) -> list[tuple[str, str]]:
    """What `sweeptree doctor` finds that is not plainly ok: name and text. Temporary folders may be
    those of another run of tests."""
    before = Path.cwd()
    os.chdir(repo)
    try:
        found = json.loads(call("doctor", "--json", *flags).out)["checks"]
    finally:
        os.chdir(before)
    ours = [each for each in found if "temporary folder" not in each["text"]]
    return [(f["name"], f["text"]) for f in ours if f["level"] != "ok" or f["name"] == "repaired"]
