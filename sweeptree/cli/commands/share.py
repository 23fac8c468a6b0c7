"""`sweeptree share`: a sweep's results for the others who use the repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sweeptree.analysis.aggregate import aggregate
from sweeptree.cli.commands.show import is_stale
from sweeptree.cli.find import find_sweep
from sweeptree.cli.screens.terminal import printable, say, write_out
from sweeptree.errors import RecordError, UsageError
from sweeptree.model.checks import check_exp_name
from sweeptree.records import SweepPaths, read_sweep
from sweeptree.repository import find_repository, results_refs
from sweeptree.repository.guards import size_of
from sweeptree.settings import Settings


def share(
    exp: str,
    /,
    *,
    remote: str = "origin",
    as_name: Annotated[str | None, Parameter(name="--as")] = None,
    results_dir: Path | None = None,
) -> int:
    """Push the records and aggregates of a sweep, not its logs and artifacts, to the remote, where
    `sweeptree fetch` finds them. They stand under refs/sweeptree/results/: no branch is touched.

    Parameters
    ----------
    exp
        Name of a sweep, or a path to its folder. Shared again, it replaces what was shared.
    remote
        Name of the remote.
    as_name
        The name to share it under; default: its own.
    results_dir
        Where results stand; default: results/ at the top of the repository.
    """
    from sweeptree.publish.delivery import Context, Options, find_target
    from sweeptree.publish.sharing import share as push_results

    paths = find_sweep(exp, results_dir)
    name = _name(as_name or paths.root.name)
    top = find_repository(Path.cwd()).start
    target = find_target(top, Options(remote=remote), Context.of(Settings(), os.environ))
    if is_stale(paths):
        aggregate(paths)
    done = push_results(top, paths.root, name, target)
    for line in done.left_out:
        say(f"! not shared: {printable(line)}")
    _say_unknown_commit(top, paths, remote)
    what = f"{done.files} files, {size_of(done.bytes)}"
    word = "shared" if done.is_news else "nothing new:"
    write_out(f"{word} {name} ({what}) on {remote} as {done.ref}\n")
    return 0


def _name(name: str) -> str:
    try:
        return check_exp_name(name)
    except ValueError as error:
        raise UsageError(f"{name!r} cannot be shared: {error}", hint="--as NAME") from error


def _say_unknown_commit(top: Path, paths: SweepPaths, remote: str) -> None:
    """Say so when nobody else can reproduce the jobs."""
    try:
        commit = read_sweep(paths)["base"]["commit"]
    except (RecordError, KeyError, TypeError):
        return
    if not results_refs.is_on_remote(top, str(commit), remote):
        say(
            f"! no branch of {remote} is known to hold the sweep's commit {str(commit)[:12]}: "
            "others see the results, and cannot reproduce them before it is pushed"
        )
