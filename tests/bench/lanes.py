"""A sweep over real hosts of this machine (namespaces, sshd) against its ideal, and the same jobs
on this machine alone.

Times are those of the records: the makespan is from the first job's start to the last job's end,
when the lanes run already. `first_job_s` is from the command line to the first start.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import subprocess
import time
from collections.abc import Iterator, Sequence

from tests.bench import peers
from tests.bench.lab import SWEEPTREE, Lab
from tests.hosts.rig import Rig, lacks

SLOTS = 2
ON_HOSTS = peers.with_words(peers.sweeptree, "--hosts", "all")


def run(lab: Lab) -> None:
    """60 jobs of a second on 3 hosts of two slots, then here; then 1 to 8 hosts, 10 jobs a slot."""
    if why_not := lacks():
        print(f"\nlanes: left out: {why_not}")
        return
    with Rig(lab.place("rig")) as rig, led_to(rig, lab) as led:
        _grow(led, rig, lab.size(3, 1))
        _ran(led, ON_HOSTS, 2)  # the hosts are prepared from here on
        jobs = lab.size(60, 4)
        rows = [_row(led, rig, "hosts", ON_HOSTS, jobs), _row(led, rig, "here", _here(rig), jobs)]
        lab.report("lanes", rows, note="`sleep 1`, two slots a host; here: as many at once")
        lab.report("lanes_law", _law(led, rig), note="`sleep 1`, ten jobs a slot")


def _law(lab: Lab, rig: Rig) -> list[dict[str, object]]:
    rows = []
    for many in (1, 2, 4, 8)[: lab.size(4, 1)]:
        _grow(lab, rig, many)
        words = ("--hosts", ",".join(list(rig.hosts)[:many]))
        peer = peers.with_words(peers.sweeptree, *words)
        rows.append(_row(lab, rig, f"{many} hosts", peer, lab.size(10, 1) * SLOTS * many, many))
    return rows


def _grow(lab: Lab, rig: Rig, many: int) -> None:
    """So many hosts at least, each added as a user does it."""
    for number in range(len(rig.hosts) + 1, many + 1):
        rig.add(f"gpu{number}", gpus=SLOTS)
        argv = [SWEEPTREE, "hosts", "add", f"gpu{number}"]
        subprocess.run(argv, env=lab.env, cwd=lab.repo(), check=True, capture_output=True)


@contextlib.contextmanager
def led_to(rig: Rig, lab: Lab) -> Iterator[Lab]:
    """The lab with an ssh that knows the hosts."""
    env = {**lab.env, "SWEEPTREE_SSH_CONFIG": str(rig.ssh_config)}
    yield dataclasses.replace(lab, env=env)


def _here(rig: Rig) -> peers.Peer:
    """On this machine, as many at once as the hosts have slots."""
    at_once = len(rig.hosts) * SLOTS
    return lambda work, env: peers.sweeptree(dataclasses.replace(work, parallel=at_once), env)


def _row(
    lab: Lab, rig: Rig, name: str, peer: peers.Peer, jobs: int, hosts: int | None = None
) -> dict[str, object]:
    at_once = (hosts or len(rig.hosts)) * SLOTS
    ideal = float(math.ceil(jobs / at_once))
    ran, first = _ran(lab, peer, jobs)
    span = ran.span or math.inf
    times = {"span_s": span, "ideal_s": ideal, "ratio": span / ideal, "first_job_s": first}
    costs = {"cpu_s": ran.cost.cpu, "server_cpu_s": ran.cost.beside_cpu, "other": ran.cost.other}
    return {"where": name, "jobs": jobs, "done": ran.done, **times, **costs}


def _ran(lab: Lab, peer: peers.Peer, jobs: int) -> tuple[peers.Ran, float]:
    """A sweep, and the seconds until its first job ran."""
    out = lab.place("out") / "bench"
    commands = lab.commands("sleep 1 # --seed {i}", jobs)
    server = lab.warm_server()
    began = time.time()
    work = peers.Work(lab.repo(), commands, 64, out)
    ran = peers.run(peer, work, lab, beside=server.pid)
    started: Sequence[str] = [each["start_time"] for each in peers.records(out)]
    return ran, min(map(peers.moment, started)) - began
