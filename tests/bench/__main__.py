"""`python -m tests.bench [NAME...] [--quick]`: run the benchmarks, print tables, append one line to
NAME.jsonl."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench import (
    aggregation,
    auto_run,
    chat,
    cli,
    cluster,
    ecg_curate,
    ecg_evaluate,
    ecg_fetch,
    gate,
    handover,
    host_code,
    keeping,
    lanes,
    lease_scale,
    leases,
    lost,
    makespan,
    many,
    merge_check,
    metrics,
    output,
    overhead,
    pages,
    repair,
    review,
    sharing,
    worktrees,
)
from tests.bench.lab import lab
from tests.bench.measure import ROOT

BENCHES = {
    "cli": cli.run,
    "mcp": chat.run,
    "output": output.run,
    "repair": repair.run,
    "aggregate": aggregation.run,
    "makespan": makespan.run,
    "merge_check": merge_check.run,
    "review": review.run,
    "gate": gate.run,
    "auto_run": auto_run.run,
    "handover": handover.run,
    "overhead": overhead.small,
    "overhead_medium": overhead.medium,
    "overhead_large": overhead.large,
    "host_code": host_code.run,
    "keeping": keeping.run,
    "lanes": lanes.run,
    "lease_scale": lease_scale.run,
    "leases": leases.run,
    "lost": lost.run,
    "many": many.run,
    "metrics": metrics.run,
    "pages": pages.run,
    "ecg_curate": ecg_curate.run,
    "ecg_evaluate": ecg_evaluate.run,
    "ecg_fetch": ecg_fetch.run,
    "share": sharing.run,
    "slurm": cluster.run,
    "worktrees": worktrees.run,
}


def main() -> None:
    """Run what was asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument(
        "--quick", action="store_true", help="few jobs: shows that the benchmarks work, no figures"
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=ROOT / "build" / "bench",
        help="where the figures are appended",
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(
            f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}"
        )
    with lab(options.results, quick=options.quick) as place:
        for name in options.names or BENCHES:
            BENCHES[name](place)


if __name__ == "__main__":
    main()
