"""What a job costs beside its command: sweeptree against a careful script, Hydra's joblib launcher,
dvc's queue.

o/job = (wall - ideal) x parallel / jobs: seconds of slot time lost per job, start-up and
aggregation included. The server was running before; its CPU, also what it works off afterwards, is
stated apart.
"""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import peers, repos
from tests.bench.lab import Lab
from tests.bench.measure import settled_cpu


@dataclass(frozen=True, slots=True)
class Trial:
    """One comparison: which repository, which peers, how many jobs (dvc and others may be given
    fewer)."""

    name: str
    shape: repos.Shape
    jobs: int
    parallel: int
    contenders: tuple[peers.Peer, ...]
    repeats: int
    fewer: dict[peers.Peer, int] = field(default_factory=dict)


def small(lab: Lab) -> None:
    """20 files, no-op command."""
    jobs = lab.size(500, 8)
    contenders = (peers.sweeptree, peers.thread_pool_locked, peers.hydra_joblib, peers.dvc_queue)
    fewer: dict[peers.Peer, int] = {
        peers.hydra_joblib: lab.size(100, 4),
        peers.dvc_queue: lab.size(20, 2),
    }
    _compare(lab, Trial("overhead", repos.SMALL, jobs, 4, contenders, lab.size(3, 1), fewer))


def medium(lab: Lab) -> None:
    """5,000 files, 30 MB: what a repository of some years holds."""
    contenders = (peers.sweeptree, peers.thread_pool_locked)
    jobs, repeats = lab.size(50, 4), lab.size(2, 1)
    _compare(lab, Trial("overhead_medium", repos.MEDIUM, jobs, 4, contenders, repeats))


def large(lab: Lab) -> None:
    """20,000 files, 300 MB."""
    contenders = (peers.sweeptree, peers.thread_pool_locked)
    _compare(
        lab, Trial("overhead_large", repos.LARGE, lab.size(16, 2), 2, contenders, lab.size(2, 1))
    )


def _compare(lab: Lab, trial: Trial) -> None:
    repo, found = lab.repo(trial.shape), list(peers.installed(*trial.contenders))
    rows: dict[str, list[dict[str, object]]] = {peer.__name__: [] for peer in found}
    for repeat in range(trial.repeats):
        for peer in random.sample(found, len(found)):
            if repeat and peer in trial.fewer:
                continue
            rows[peer.__name__].append(_once(lab, trial, peer, repo))
    table = [{"peer": name, **_medians(each)} for name, each in rows.items()]
    lab.report(
        trial.name, table, note=f"{trial.shape.files} files, parallel {trial.parallel}, `true`"
    )


def _once(lab: Lab, trial: Trial, peer: peers.Peer, repo: Path) -> dict[str, object]:
    jobs = trial.fewer.get(peer, trial.jobs)
    work = peers.Work(
        repo, lab.commands("true --seed {i}", jobs), trial.parallel, lab.place("out") / "bench"
    )
    ours = peer is peers.sweeptree
    pid = lab.warm_server().pid if ours else None
    before = settled_cpu(pid) if pid else 0.0
    ran = peers.run(peer, work, lab, beside=pid)
    served = settled_cpu(pid) - before if pid else 0.0
    return {
        "jobs": jobs,
        "done": ran.done,
        "wall_s": ran.cost.wall,
        "o_job_ms": 1e3 * ran.cost.wall * trial.parallel / jobs,
        "span_o_job_ms": 1e3 * ran.span * trial.parallel / jobs if ran.span else None,
        "cpu_job_ms": 1e3 * ran.cost.cpu / jobs,
        "server_cpu_job_ms": 1e3 * served / jobs if pid else None,
        "max_rss_mb": ran.cost.max_rss_mb,
        "other": ran.cost.other,
        "cpu_by": ran.cost.counted_by,
    }


def _medians(runs: list[dict[str, object]]) -> dict[str, object]:
    """The median of each figure over the repeats; the fewest jobs done."""
    merged: dict[str, object] = {}
    for name, first in runs[0].items():
        values = [run[name] for run in runs]
        merged[name] = statistics.median(values) if isinstance(first, float) else first  # type: ignore[type-var]
    return {**merged, "done": min(run["done"] for run in runs), "runs": len(runs)}  # type: ignore[type-var]
