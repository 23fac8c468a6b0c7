"""The ways to run a list of commands that are compared: sweeptree, and what people use instead.

Each peer turns `Work` into an argv and says afterwards how many jobs it really ran. Hydra and dvc
take part when BENCH_HYDRA (a Python with hydra-core and hydra-joblib-launcher) and BENCH_DVC (the
program) name them.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench import repos
from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import Cost, measured

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Work:
    """Commands to run in checkouts of a repository, `parallel` at once; everything that is written
    goes to `out`."""

    repo: Path
    commands: Path
    parallel: int
    out: Path

    @property
    def count(self) -> int:
        """How many jobs."""
        return len(json.loads(self.commands.read_bytes()))


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished run: its cost, the jobs that succeeded, and seconds from the first start to the
    last end."""

    cost: Cost
    done: int
    span: float | None


def sweeptree(work: Work, env: dict[str, str]) -> list[str]:
    """The product: a sweep with worktrees through the managed server."""
    options = [
        "--parallel",
        str(work.parallel),
        "--results_dir",
        str(work.out.parent),
        "--use_worktree",
    ]
    return [
        SWEEPTREE,
        "run",
        "--exp_name",
        work.out.name,
        "--commands",
        str(work.commands),
        *options,
    ]


def thread_pool_locked(work: Work, env: dict[str, str]) -> list[str]:
    """A careful script: worktrees added and removed under a lock."""
    words = [str(work.repo), str(work.commands), str(work.out), str(work.parallel)]
    return [sys.executable, str(HERE / "thread_pool.py"), *words]


def thread_pool(work: Work, env: dict[str, str]) -> list[str]:
    """The plain script: no lock."""
    return [*thread_pool_locked(work, env), "--unlocked"]


def hydra_joblib(work: Work, env: dict[str, str]) -> list[str]:
    """A Hydra multirun with the joblib launcher: no isolation at all."""
    work.out.mkdir()
    env |= {"BENCH_OUT": str(work.out), "BENCH_COMMANDS": str(work.commands)}
    jobs = ",".join(map(str, range(work.count)))
    launcher = [
        "hydra/launcher=joblib",
        f"hydra.launcher.n_jobs={work.parallel}",
        f"hydra.sweep.dir={work.out}/runs",
    ]
    return [
        os.environ["BENCH_HYDRA"],
        str(HERE / "hydra_app.py"),
        "--multirun",
        f"i={jobs}",
        *launcher,
    ]


def dvc_queue(work: Work, env: dict[str, str]) -> list[str]:
    """`dvc exp run --queue`, then all at once with as many workers."""
    dvc = os.environ["BENCH_DVC"]
    work.out.mkdir()
    repo = repos.clone(work.repo, work.out / "repo", env)
    env |= {
        "PATH": f"{Path(dvc).parent}:{env['PATH']}",
        "DVC_NO_ANALYTICS": "1",
    }  # its workers call `dvc`
    env |= {
        f"GIT_{who}_{what}": "b@example.invalid"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    command = json.loads(work.commands.read_bytes())[0]
    (repo / "dvc.yaml").write_text(
        f"stages:\n  job:\n    cmd: {json.dumps(command)}\n    params: [job]\n"
    )
    (repo / "params.yaml").write_text("job: 0\n")
    for words in ([dvc, "init", "-q"], ["git", "add", "-A"], ["git", "commit", "-q", "-m", "dvc"]):
        subprocess.run(words, cwd=repo, env=env, check=True)
    script = (
        'cd "$1" && "$2" exp run --queue -S "job=range(1,$3)" && "$2" exp run --run-all -j "$4" && '
        '"$2" exp show --csv --only-changed >"$5"'
    )
    words = [
        str(repo),
        dvc,
        str(work.count + 1),
        str(work.parallel),
        str(work.out / "aggregated.csv"),
    ]
    return ["sh", "-c", script, "sh", *words]


Peer = Callable[[Work, dict[str, str]], list[str]]


def installed(*peers: Peer) -> list[Peer]:
    """Those of the peers that this machine has."""
    needs: dict[Peer, str] = {hydra_joblib: "BENCH_HYDRA", dvc_queue: "BENCH_DVC"}
    return [peer for peer in peers if peer not in needs or needs[peer] in os.environ]


def with_words(peer: Peer, *words: str) -> Peer:
    """The same peer with more words on its command line."""
    return lambda work, env: [*peer(work, env), *words]


def run(
    peer: Peer,
    work: Work,
    lab: Lab,
    *,
    beside: int | None = None,
    extra: Mapping[str, str] | None = None,
) -> Ran:
    """Let one peer do the work, and count what it did."""
    env = {**lab.env, **(extra or {})}
    argv = peer(work, env)
    cost = measured(
        argv, cwd=work.repo, env=env, log=work.out.parent / f"{work.out.name}.out", beside=beside
    )
    if peer is dvc_queue:
        return Ran(cost, _done_by_dvc(work.out), None)
    return Ran(
        cost, sum(record.get("exit_code") == 0 for record in records(work.out)), _span(work.out)
    )


def records(out: Path) -> list[dict[str, Any]]:
    """The records of a run, in the order of the jobs."""
    found = [json.loads(path.read_bytes()) for path in out.glob("job_*.meta.json")]
    return sorted(found, key=lambda record: record["id"])


def moment(text: str) -> float:
    """An ISO time as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def _span(out: Path) -> float | None:
    ran = [record for record in records(out) if record.get("start_time") and record.get("end_time")]
    if not ran:
        return None
    return max(moment(r["end_time"]) for r in ran) - min(moment(r["start_time"]) for r in ran)


def _done_by_dvc(out: Path) -> int:
    """Experiments that ended well: all rows of `dvc exp show` but workspace and baseline."""
    try:
        with (out / "aggregated.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError:
        return 0
    return sum(
        1
        for row in rows
        if row.get("typ", "").startswith("branch_") and row.get("State") != "Failed"
    )
