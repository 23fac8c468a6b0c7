"""The peer `thread_pool_locked`: what a careful user writes.

A thread pool, a git worktree per job, records, a table.

    python thread_pool.py REPO COMMANDS.json OUT PARALLEL [--unlocked]

Adding and removing worktrees is guarded by one lock, because git fails at random without it. A job
that cannot be set up is recorded as lost and stops nothing.
"""

from __future__ import annotations

import contextlib
import csv
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def now() -> str:
    return datetime.now(UTC).isoformat()


class Script:
    """The script's settings and its one lock."""

    def __init__(self, repo: str, commands: str, out: str, *, locked: bool) -> None:
        self.repo = repo
        self.out = Path(out)
        self.commands = json.loads(Path(commands).read_text())
        self.lock = threading.Lock() if locked else contextlib.nullcontext()
        self.commit = self.git("rev-parse", "HEAD").strip()
        self.out.mkdir(parents=True, exist_ok=True)

    def git(self, *words: str) -> str:
        argv = ["git", "-C", self.repo, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def job(self, index: int) -> dict[str, Any]:
        tree = self.out / "worktrees" / f"job_{index}"
        record: dict[str, Any] = {
            "id": index,
            "cmd": self.commands[index],
            "git_commit": self.commit,
            "exit_code": None,
        }
        try:
            with self.lock:
                self.git("worktree", "add", "-q", "--detach", str(tree), self.commit)
            record["start_time"] = now()
            with (self.out / f"job_{index}.log").open("wb") as log:
                ran = subprocess.run(
                    record["cmd"], shell=True, cwd=tree, stdout=log, stderr=subprocess.STDOUT
                )
            record |= {"exit_code": ran.returncode, "end_time": now()}
            with self.lock:
                self.git("worktree", "remove", "--force", str(tree))
        except subprocess.CalledProcessError as error:
            record["reason"] = error.stderr
        (self.out / f"job_{index}.meta.json").write_text(json.dumps(record))
        return record

    def run(self, parallel: int) -> None:
        with ThreadPoolExecutor(parallel) as pool:
            records = list(pool.map(self.job, range(len(self.commands))))
        (self.out / "aggregated.json").write_text(json.dumps(records))
        with (self.out / "aggregated.csv").open("w", newline="") as stream:
            table = csv.DictWriter(
                stream, ["id", "cmd", "exit_code", "start_time", "end_time"], extrasaction="ignore"
            )
            table.writeheader()
            table.writerows(records)


if __name__ == "__main__":
    Script(*sys.argv[1:4], locked="--unlocked" not in sys.argv).run(int(sys.argv[4]))
