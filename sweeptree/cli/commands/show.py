"""`sweeptree show`: the leaderboard of a sweep, from its aggregates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sweeptree.analysis.document import MAX_DOCUMENT_BYTES, Document, read_document
from sweeptree.analysis.stats import Objective
from sweeptree.cli.find import find_readable
from sweeptree.cli.screens.boards import job_table, leaderboard, legend, ranked_by
from sweeptree.cli.screens.causes import cause_lines
from sweeptree.cli.screens.terminal import counted, printable, say, width, write_out
from sweeptree.errors import RecordError, Refused, UsageError
from sweeptree.records import SweepPaths, holder, read_bytes

_NO_SIGN = Parameter(negative="")


def show(
    exp: str,
    /,
    *,
    by: str | None = None,
    jobs: Annotated[bool, _NO_SIGN] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    csv: Annotated[bool, _NO_SIGN] = False,
    results_dir: Path | None = None,
) -> int:
    """Show the configs of a sweep, best first: mean ± std over seeds, n and the 95 % interval.

    Parameters
    ----------
    exp
        Name of a sweep, or a path to its folder.
    by
        Rank by this metric; name:min or name:max says which way is better.
    jobs
        Show each job instead.
    as_json
        Print the aggregated document.
    csv
        Print groups.csv, or with --jobs aggregated.csv.
    results_dir
        Where results stand; default: results/ at the top of the repository.
    """
    if as_json and csv:
        raise UsageError("--json and --csv exclude each other", hint=f"sweeptree show {exp} --json")
    paths = find_readable(exp, results_dir)
    check_fresh(paths)
    if as_json:
        _copy(paths.aggregated_json)
    elif csv:
        _copy(paths.aggregated_csv if jobs else paths.groups_csv)
    else:
        document = read_document(paths)
        goal = _goal(paths.root.name, document, by)
        lines = _screen(paths, document, goal, jobs=jobs)
        write_out("\n".join(lines) + "\n")
    return 0


def _screen(
    paths: SweepPaths, document: Document, goal: Objective | None, *, jobs: bool
) -> list[str]:
    many, configs = counted(document.n_jobs, "job"), counted(len(document.groups), "config")
    other = "" if jobs else "   --jobs for each job"
    headline = f"{paths.root.name}  {many} in {configs}{other}"
    warnings = [f"! {text}" for text in document.warnings]
    if jobs:
        body, remarks = job_table(document.jobs, goal, width()), warnings
    else:
        body = leaderboard(document, goal, width())
        remarks = [*legend(document, goal), *warnings]
    causes = cause_lines(paths.root.name, document.jobs, width())
    failed = ["", *causes] if causes else []
    return [headline, *body, *map(printable, remarks), *failed]


def is_stale(paths: SweepPaths) -> bool:
    """True when there are no aggregates, or when they are older than the records."""
    return not paths.aggregated_json.exists() or is_older(paths.aggregated_json, paths.ledger)


def is_older(path: Path, other: Path) -> bool:
    """True when both exist and `other` was written later."""
    try:
        return path.lstat().st_mtime_ns < other.lstat().st_mtime_ns
    except OSError:
        return False


def check_fresh(paths: SweepPaths) -> None:
    """Raises RecordError when there are no aggregates; says so when they are out of date."""
    again = f"sweeptree aggregate {paths.root.name}"
    if not paths.aggregated_json.exists():
        raise RecordError(
            f"{paths.root.name} has no aggregated.json yet",
            path=str(paths.aggregated_json),
            hint=again,
        )
    if is_stale(paths):
        running = "; the sweep is running" if holder(paths) is not None else ""
        say(f"! aggregated.json is older than the records{running}.  To renew it:  {again}")


def _copy(path: Path) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(read_bytes(path, limit=MAX_DOCUMENT_BYTES))
    sys.stdout.buffer.flush()


def _goal(exp: str, document: Document, by: str | None) -> Objective | None:
    if by and not document.comparable:
        raise Refused(
            f"the jobs of {exp} ran on different data, so they are not ranked by {by}",
            hint=(
                f"sweeptree aggregate {exp} --mix_data   ranks them all the same",
                f"sweeptree show {exp} --jobs",
            ),
        )
    goal = ranked_by(document, by)
    names = document.metric_names()
    if by and goal is not None and goal.name not in names:
        known = f"it has {', '.join(names)}" if names else "no job has reported a metric"
        raise UsageError(f"no job has the metric {goal.name!r}", hint=known)
    return goal
