"""Jobs lost, while somebody else adds and removes worktrees and collects garbage in the same
repository.

Each job checks that it stands in a whole checkout of the pinned commit; a job counts only when its
log says so once and its record says that it succeeded.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.bench import peers, repos
from tests.bench.lab import Lab

CHECK = (
    'test -z "$(git status --porcelain)" && test "$(git rev-parse HEAD)" = COMMIT '
    f"&& test -s {repos.MARK} && echo whole {{i}}"
)


class Foreigners:
    """A loop of `git worktree add`, `remove` and `git gc` that knows nothing of any lock."""

    def __init__(self, repo: Path, folder: Path, env: dict[str, str]) -> None:
        self.added = self.refused = self.collected = 0
        self._repo, self._folder, self._env = repo, folder, env
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._worktrees, self._garbage)]

    def __enter__(self) -> Foreigners:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _git(self, *words: str) -> bool:
        return not subprocess.run(
            ["git", *words], cwd=self._repo, env=self._env, capture_output=True
        ).returncode

    def _worktrees(self) -> None:
        while not self._over.is_set():
            tree = str(self._folder / f"foreign_{self.added}")
            self.added += 1
            self.refused += not self._git("worktree", "add", "-q", "--detach", tree, "HEAD")
            self._git("worktree", "remove", "--force", tree)

    def _garbage(self) -> None:
        while not self._over.is_set():
            self.collected += self._git("gc", "-q", "--prune=now")
            self._over.wait(0.2)


def run(lab: Lab) -> None:
    """2,000 jobs of ours; a tenth as many of the scripts: the foreign loop does bite."""
    jobs = lab.size(2000, 16)
    contenders = [
        (peers.sweeptree, jobs),
        (peers.thread_pool_locked, jobs // 8),
        (peers.thread_pool, jobs // 8),
    ]
    rows = [_once(lab, peer, count) for peer, count in contenders]
    lab.report("lost", rows, note="parallel 8, beside foreign worktrees and gc")


def _once(lab: Lab, peer: peers.Peer, jobs: int) -> dict[str, object]:
    repo = repos.clone(lab.repo(), lab.place("repo") / "small", lab.env)
    commit = subprocess.check_output(
        ["git", "rev-parse", "HEAD"], cwd=repo, env=lab.env, text=True
    ).strip()
    work = peers.Work(
        repo, lab.commands(CHECK.replace("COMMIT", commit), jobs), 8, lab.place("out") / "bench"
    )
    pid = lab.warm_server().pid if peer is peers.sweeptree else None
    with Foreigners(repo, lab.place("foreign"), lab.env) as foreigners:
        ran = peers.run(peer, work, lab, beside=pid)
    return {
        "peer": peer.__name__,
        "jobs": jobs,
        "lost": jobs - len(set(_whole(work.out))),
        "exit_code": ran.cost.code,
        "wall_s": ran.cost.wall,
        "foreign_adds": foreigners.added,
        "foreign_refused": foreigners.refused,
        "gc_runs": foreigners.collected,
    }


def _whole(out: Path) -> Iterator[int]:
    """The jobs that ran once, in a whole checkout, and are recorded as such."""
    for record in peers.records(out):
        with contextlib.suppress(OSError):
            said = (out / f"job_{record['id']}.log").read_text()
            if record.get("exit_code") == 0 and said == f"whole {record['id']}\n":
                yield record["id"]
