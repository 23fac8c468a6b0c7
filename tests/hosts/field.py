"""What sweeps over hosts are tested with: two hosts that were added, a repository, the command
line, and a program whose every life leaves a line on its host.

The program says when it begins and when it ends in $HOME/NAME.begun and NAME.ended of its host,
a line "JOB ATTEMPT" for each. With --hold it waits in between for $HOME/NAME.go,
or NAME.go.JOB.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e.conftest import Cli, ended, environment_of
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun
from rig import Rig, RigHost
from server_kit import client_of
from sweep_kit import make_repository, records_of, seal, wait_for

from sweeptree.engine import server
from sweeptree.errors import SweeptreeError
from sweeptree.model import JobRecord, JobState
from sweeptree.records import SweepPaths, read_json

LONG = 240.0  # seconds until what has to come has come, however busy the machine is
LANE = b"sweeptree.hosts.lanes.process"
TRAIN = """\
import os, sys, time
from pathlib import Path

home, exp, job = (os.environ[name] for name in ("HOME", "SWEEPTREE_EXP", "SWEEPTREE_JOB"))
out, attempt = Path(os.environ["SWEEPTREE_OUT"]), os.environ["SWEEPTREE_ATTEMPT"]
lr = float(sys.argv[1])

def note(what):
    with open(f"{home}/{exp}.{what}", "a") as file:
        file.write(f"{job} {attempt}\\n")

note("begun")
print("job", job, "on", os.uname().nodename, flush=True)
gates = (f"{home}/{exp}.go", f"{home}/{exp}.go.{job}")
while "--hold" in sys.argv and not any(map(os.path.exists, gates)):
    time.sleep(0.05)
print("val_auc =", 0.5 + lr, flush=True)
Path("weights.txt").write_text("w" * 1000)
with open("train.py", "a") as file:
    file.write(f"# lr {lr}\\n")
note("ended")
"""


@dataclass(frozen=True)
class Field:
    """The two hosts and the driver's machine."""

    rig: Rig
    cli: Cli
    state: Path

    @property
    def hosts(self) -> list[RigHost]:
        """All of them."""
        return list(self.rig.hosts.values())

    def words(self, name: str, *more: str, jobs: int = 4, hold: bool = False) -> list[str]:
        """The command line of a sweep over all hosts, unless `more` names others."""
        command = "python3 train.py {lr}" + " --hold" * hold
        grid = "lr=" + ",".join(f"{0.01 * (n + 1):.2f}" for n in range(jobs))
        asked = ["--template", command, "--grid", grid, "--metric", "val_auc:max"]
        hosts = [] if "--hosts" in more else ["--hosts", "all"]
        return ["run", "--exp_name", name, "--use_worktree", *hosts, *asked, *more]

    def call(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`sweeptree ...` to its end."""
        return self.cli.call("sweeptree", *words, **env)

    def run(self, name: str, *more: str, jobs: int = 4) -> subprocess.CompletedProcess[str]:
        """A sweep over all hosts to its end."""
        return self.call(*self.words(name, *more, jobs=jobs))

    @contextmanager
    def held(self, name: str, *more: str, jobs: int = 4) -> Iterator[subprocess.Popen[str]]:
        """A sweep that runs, whose jobs wait until their host is told to let them go."""
        words = self.words(name, *more, jobs=jobs, hold=True)
        with self.cli.running("sweeptree", *words) as driver:
            yield driver

    def let_go(self, name: str, *hosts: RigHost) -> None:
        """Let the jobs of these hosts end; of all hosts without any."""
        for host in hosts or self.hosts:
            (host.home / f"{name}.go").touch()

    def let_one_go(self, name: str, host: RigHost, job: int) -> None:
        """Let one job of a host end."""
        (host.home / f"{name}.go.{job}").touch()

    def paths(self, name: str) -> SweepPaths:
        """A sweep's results here."""
        return self.cli.paths(name)

    def records(self, name: str) -> dict[int, JobRecord]:
        """The records of a sweep as they stand here."""
        return records_of(self.paths(name))

    def lives(self, name: str, what: str = "begun") -> list[tuple[int, int]]:
        """Job and attempt of every life of the program, on whichever host."""
        return [life for host in self.hosts for life in lives_on(host, name, what)]

    def times(self, name: str, what: str = "begun") -> Counter[int]:
        """How often each job's program lived. The number of an attempt says less: that of a job
        which was made ready on one host and began on another is not the first."""
        return Counter(job for job, _ in self.lives(name, what))

    def await_begun(self, name: str, *lives: tuple[int, int]) -> None:
        """Wait until these attempts of jobs have begun, and the records here say so."""
        wait_for(lambda: set(lives) <= set(self.lives(name)), LONG)
        wait_for(lambda: all(self._is_recorded(name, *life) for life in lives), LONG)

    def await_running(self, name: str, jobs: int) -> None:
        """Wait until so many jobs run, whichever, and are known here to do so."""
        wait_for(lambda: len(self.lives(name)) >= jobs, LONG)
        self.await_begun(name, *self.lives(name)[:jobs])

    def host_of(self, name: str, job: int) -> RigHost:
        """The host that a job's record names."""
        return self.rig.hosts[self.records(name)[job].host or ""]

    def server(self) -> server.Server:
        """The managed server, as soon as it is there."""
        return wait_for(lambda: server.status(self.state), LONG)

    def lane_runs(self, name: str) -> list[FlowRun]:
        """The flow runs of a sweep's lanes."""
        run_id = read_json(self.paths(name).sweep)["flow_run_id"]
        parent = FlowRunFilterParentFlowRunId(any_=[run_id])
        with client_of(self.server()) as client:
            return client.read_flow_runs(flow_run_filter=FlowRunFilter(parent_flow_run_id=parent))

    def _is_recorded(self, name: str, job: int, attempt: int) -> bool:
        with suppress(SweeptreeError, KeyError):
            tried = self.records(name)[job].attempts
            return attempt in [each.number for each in tried]
        return False


def lives_on(host: RigHost, name: str, what: str = "begun") -> list[tuple[int, int]]:
    """The lives of the program on one host."""
    try:
        lines = (host.home / f"{name}.{what}").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(int(job), int(attempt)) for job, attempt in map(str.split, lines)]


def once(jobs: int) -> Counter[int]:
    """What `Field.times` says when every job ran once."""
    return Counter(range(jobs))


def lane_of(host: RigHost, name: str) -> int:
    """The process of a sweep's lane on a host; 0: none lives."""
    for pid in host.processes():
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            if LANE in words and f"/{name}-".encode() in words:
                return pid
    return 0


def untold(host: RigHost, name: str) -> list[Path]:
    """The results that a sweep's lane has still to tell."""
    return list((host.home / ".sweeptree/lanes").glob(f"{name}-*/outbox/*.json"))


def lanes_left(host: RigHost, name: str) -> list[Path]:
    """What a sweep has left on a host."""
    return list((host.home / ".sweeptree/lanes").glob(f"{name}-*"))


def keeper_of(host: RigHost, name: str, job: int, attempt: int = 1) -> int:
    """The process of an attempt's keeper, as seen from here."""
    (lane,) = (host.home / ".sweeptree/lanes").glob(f"{name}-*")
    results = SweepPaths(lane / "results" / name)
    inside = int(json.loads(results.attempt(job, attempt, "alive").read_text())["pid"])
    return next(pid for pid in host.processes() if _pid_inside(pid) == inside)


def _pid_inside(pid: int) -> int:
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        line = next(each for each in status.splitlines() if each.startswith("NSpid:"))
        return int(line.split()[-1])
    return -1


def kill(pid: int) -> None:
    """As the kernel does when memory is short."""
    assert pid
    os.kill(pid, signal.SIGKILL)


def check_complete(field: Field, name: str, jobs: int = 4) -> None:
    """Nothing is lost, and each job was accepted once."""
    records = field.records(name)
    assert sorted(records) == list(range(jobs))
    for record in records.values():
        states = [attempt.state for attempt in record.attempts]
        assert (record.state, states.count(JobState.SUCCEEDED)) == (JobState.SUCCEEDED, 1)
        assert f"job {record.id} on {record.host}" in field.paths(name).log(record.id).read_text()
        assert record.metrics["val_auc"] is not None


def check_shown(field: Field, name: str) -> None:
    """No flow run of a lane is shown as if it went on."""
    runs = wait_for(lambda: _all_final(field.lane_runs(name)), LONG)
    assert runs


def _all_final(runs: Sequence[FlowRun]) -> Sequence[FlowRun]:
    return runs if all(run.state is not None and run.state.is_final() for run in runs) else ()


def succeeded(driver: subprocess.Popen[str]) -> str:
    """What a driver said that ended well."""
    code, out, err = ended(driver)
    assert code == 0, out + err
    return out + err


@contextmanager
def made_field(folder: Path, why_not: str) -> Iterator[Field]:
    """Two hosts with two slots each, added as a user adds them."""
    if why_not:
        pytest.skip(why_not)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        (folder / "home").mkdir(parents=True)
        seal(patch, folder / "home")
        repo = make_repository(folder / "repo", train_py=TRAIN)
        rig = stack.enter_context(Rig(folder / "rig"))
        state = folder / "state"
        cli = Cli(repo, _environment(state, folder, rig))
        stack.callback(server.stop, state)
        field = Field(rig, cli, state)
        for name in ("gpu1", "gpu2"):
            rig.add(name, gpus=2)
            add_host(field, name)
        yield field


def add_host(field: Field, name: str) -> None:
    """`sweeptree hosts add`."""
    done = field.call("hosts", "add", name)
    assert done.returncode == 0, done.stderr


def _environment(state: Path, folder: Path, rig: Rig) -> Mapping[str, str]:
    return {**environment_of(state, folder), "SWEEPTREE_SSH_CONFIG": str(rig.ssh_config)}
