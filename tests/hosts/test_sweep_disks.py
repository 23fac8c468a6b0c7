"""Sweeps over hosts one of which has a small disk, which a job or somebody else fills: nothing is
lost, the other host goes on, and what failed says why."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest
from e2e.conftest import ended
from field import LONG, Field, add_host, check_complete, check_shown, lives_on, made_field
from prefect.client.schemas.sorting import LogSort
from rig import HOME, RigHost, lacks
from server_kit import client_of
from sweep_kit import wait_for

from sweeptree.model import JobState

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]
PLACE = f"{HOME}/.sweeptree"
BALLAST = f"{PLACE}/ballast"
FREE = 60  # MiB that a crowded disk has free
ROOM = ("--min_free", "20M")
# One slot for each core: a job that waits for a GPU waits behind the look for room.
SLOTS = len(os.sched_getaffinity(0))
JOBS = 4 * SLOTS + 2  # what runs on two hosts, what is made ready there, and two more
NOTE = 'echo "$SWEEPTREE_JOB $SWEEPTREE_ATTEMPT" >> $HOME/$SWEEPTREE_EXP'
WAIT = "until test -e $HOME/$SWEEPTREE_EXP.go; do sleep 0.05; done"
SAYS = 'echo "job $SWEEPTREE_JOB on $(hostname)"; echo val_auc = 0.5'
QUIET = f"{NOTE}.begun; {SAYS}; {WAIT}; {NOTE}.ended"  # writes nothing to its disk at its end
FILL = "test $(hostname) = gpu1 -o -e $HOME/spare || dd if=/dev/zero of=ballast bs=64k"


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """gpu1, and gpu3 with a small disk below ~/.sweeptree."""
    with made_field(tmp_path_factory.mktemp("field"), lacks()) as field:
        host = field.rig.add("gpu3", gpus=2)
        mount_disk(host)
        add_host(field, host.name)
        yield field


@pytest.fixture
def small(field: Field) -> RigHost:
    """The host with the small disk, which has room when a test begins."""
    host = field.rig.hosts["gpu3"]
    make_room(host)
    return host


def crowd(host: RigHost) -> None:
    """Leave next to no room on the small disk, less than a plan asks for."""
    host.inside("fallocate", "-l", f"{free_mib(host) - FREE}M", BALLAST)


def make_room(host: RigHost) -> None:
    """Delete what crowds the small disk."""
    host.inside("rm", "-f", BALLAST, f"{PLACE}/more")


def both(field: Field) -> list[RigHost]:
    """The hosts of these sweeps."""
    return [field.rig.hosts[name] for name in ("gpu1", "gpu3")]


def mount_disk(host: RigHost) -> None:
    """A disk of its own for all that sweeptree keeps there."""
    image = host.folder / "image"
    with image.open("wb") as file:
        file.truncate(3 << 30)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    host.inside("mkdir", PLACE)
    if host.inside("mount", "-o", "loop", str(image), PLACE, check=False).returncode:
        pytest.skip("no right to mount a loop device")


def free_mib(host: RigHost) -> int:
    """What is free on the small disk."""
    said = host.inside("df", "-BM", "--output=avail", PLACE).stdout
    return int(said.split()[-1].removesuffix("M"))


def fill(host: RigHost) -> None:
    """Somebody else takes all that is left, to the last byte."""
    crowd(host)
    more = f"dd if=/dev/zero of={PLACE}/more bs=64k; dd if=/dev/zero bs=1k >> {PLACE}/more"
    host.inside("sh", "-c", f"({more}) 2>/dev/null; sync -f {PLACE}", check=False)


def words(name: str, command: str, jobs: int) -> list[str]:
    """A sweep over both hosts."""
    grid = "lr=" + ",".join(f"{0.01 * (n + 1):.2f}" for n in range(jobs))
    asked = ["--template", f": {{lr}}; {command}", "--grid", grid, "--metric", "val_auc:max"]
    return [
        "run",
        "--exp_name",
        name,
        "--use_worktree",
        "--hosts",
        "gpu1,gpu3",
        "--gpus",
        "0",
        *ROOM,
        *asked,
    ]


def begun(field: Field, name: str) -> None:
    """Wait until both hosts run what they can at once."""
    wait_for(lambda: all(len(lives_on(host, name)) == SLOTS for host in both(field)), LONG)
    field.await_running(name, 2 * SLOTS)


def running_on(field: Field, name: str, host: RigHost) -> set[int]:
    """The jobs that have begun there."""
    return {job for job, _ in lives_on(host, name)}


def test_a_job_that_fills_its_disk_fails_and_the_other_host_goes_on(
    field: Field, small: RigHost
) -> None:
    command = f"{NOTE}.begun; {SAYS}; {WAIT}; {FILL}"
    with field.cli.running("sweeptree", *words("fills", command, JOBS)) as driver:
        begun(field, "fills")
        crowd(small)
        theirs = running_on(field, "fills", small)
        field.let_go("fills")
        code, out, err = ended(driver)
    assert code == 1, out + err
    records = field.records("fills")
    failed = {job: each for job, each in records.items() if each.state is JobState.FAILED}
    assert set(failed) and set(failed) <= theirs
    assert all(each.host == "gpu3" for each in failed.values())
    assert all("the disk of gpu3 is full" in (each.reason or "") for each in failed.values())
    others = [each for job, each in records.items() if job not in theirs]
    assert {(each.state, each.host) for each in others} == {(JobState.SUCCEEDED, "gpu1")}
    assert max(Counter(field.lives("fills")).values()) == 1
    check_shown(field, "fills")

    make_room(small)
    (small.home / "spare").touch()
    again = field.call("resume", "fills", "--failed")
    assert again.returncode == 0, again.stdout + again.stderr
    check_complete(field, "fills", jobs=JOBS)


def test_a_disk_that_somebody_else_fills_loses_nothing(field: Field, small: RigHost) -> None:
    """What ended there is told all the same; what had not begun is begun elsewhere."""
    with field.cli.running("sweeptree", *words("filled", QUIET, JOBS)) as driver:
        begun(field, "filled")
        theirs = running_on(field, "filled", small)
        fill(small)
        field.let_go("filled")
        code, out, err = ended(driver)
    assert code == 0, out + err
    check_complete(field, "filled", jobs=JOBS)
    assert Counter(job for job, _ in field.lives("filled", "ended")) == Counter(range(JOBS))
    assert running_on(field, "filled", small) == theirs
    assert {field.records("filled")[job].host for job in theirs} == {"gpu3"}
    check_shown(field, "filled")


def test_a_host_whose_disk_is_full_takes_jobs_again_when_there_is_room(
    field: Field, small: RigHost
) -> None:
    with field.cli.running("sweeptree", *words("again", QUIET, JOBS)) as driver:
        begun(field, "again")
        theirs = running_on(field, "again", small)
        fill(small)
        await_told(field, "no job starts on gpu3 until there is room: 0 MB are free at")
        (small.home / "again.go").touch()
        wait_for(lambda: len(lives_on(small, "again", "ended")) == len(theirs), LONG)
        wait_for(lambda: is_recorded(field, "again", theirs), LONG)
        make_room(small)
        await_told(field, "there is room again on gpu3: jobs start")
        wait_for(lambda: running_on(field, "again", small) > theirs, LONG)
        field.let_go("again")
        code, out, err = ended(driver)
    assert code == 0, out + err
    check_complete(field, "again", jobs=JOBS)


def await_told(field: Field, words: str) -> None:
    """Wait until the log of one of the flow runs says this."""
    wait_for(lambda: any(words in line for line in told(field)), LONG)


def told(field: Field) -> list[str]:
    """The logs of all flow runs, the newest lines first."""
    with client_of(field.server()) as client:
        return [line.message for line in client.read_logs(sort=LogSort.TIMESTAMP_DESC)]


def is_recorded(field: Field, name: str, jobs: set[int]) -> bool:
    """Whether these jobs are known here to have ended well."""
    records = field.records(name)
    return all(records[job].state is JobState.SUCCEEDED for job in jobs)
