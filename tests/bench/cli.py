"""CPU of the commands that must be quick, against a Python that does nothing; and whether they
import what is slow."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench import records
from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import measured

HEAVY = ("prefect", "pandas", "github")
IMPORTS = f"""
import sys
from sweeptree.cli.app import run_command_line
run_command_line(sys.argv[1:])
print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""


def run(lab: Lab) -> None:
    """--help, a dry run of 10,000 commands, status of 1,000 finished jobs."""
    commands = lab.commands("python train.py --lr 3e-4 --seed {i}", lab.size(10_000, 50))
    results = lab.place("results")
    records.write(results / "done", lab.size(1000, 20))
    dry = (
        "run",
        "--exp_name",
        "dry",
        "--commands",
        str(commands),
        "--use_worktree",
        "--parallel",
        "4",
        "--dry_run",
    )
    status = ("status", "done", "--results_dir", str(results))
    lines = {"--help": ("--help",), "run --dry_run": dry, "status": status}
    table = [_row(lab, "python -c pass", [sys.executable, "-c", "pass"], None)]
    table += [_row(lab, name, [SWEEPTREE, *words], words) for name, words in lines.items()]
    lab.report("cli", table, note="dry run of 10,000 commands, status of 1,000 jobs")


def _row(lab: Lab, name: str, argv: list[str], words: tuple[str, ...] | None) -> dict[str, object]:
    repo = lab.repo()
    costs = [measured(argv, cwd=repo, env=lab.env) for _ in range(lab.size(7, 1))]
    assert not any(cost.code for cost in costs), f"{name} failed"
    row = {
        "command": name,
        "cpu_s": statistics.median(cost.cpu for cost in costs),
        "min_cpu_s": min(c.cpu for c in costs),
    }
    other = statistics.median(cost.other for cost in costs)
    return {
        **row,
        "max_rss_mb": costs[0].max_rss_mb,
        "other": other,
        "imports": _imports(lab, repo, words),
    }


def _imports(lab: Lab, repo: Path, words: tuple[str, ...] | None) -> str | None:
    if words is None:
        return None
    argv = [sys.executable, "-c", IMPORTS, *words]
    ran = subprocess.run(argv, cwd=repo, env=lab.env, capture_output=True, text=True, check=True)
    return ran.stderr.strip() or "none"
