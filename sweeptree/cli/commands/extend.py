"""`sweeptree extend`: more seeds, values or commands for a sweep, at its commit."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sweeptree import plan
from sweeptree.cli.commands.run import run_prepared, show_plan
from sweeptree.cli.find import find_sweep
from sweeptree.cli.options import FLAG, JSON, NOTIFY, SEVERAL, described, valid
from sweeptree.cli.screens.terminal import counted, say
from sweeptree.cli.telling import recipients_here
from sweeptree.errors import UsageError
from sweeptree.hosts.choice import planner_for
from sweeptree.model import Resume
from sweeptree.model.spec import Extension
from sweeptree.publish.notify import check
from sweeptree.records import SweepPaths
from sweeptree.settings import Settings
from sweeptree.sweep.extend import extend as add_jobs
from sweeptree.sweep.extend import prepare_extension
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.recovery import spec_of

_LEADING_HYPHEN = Parameter(allow_leading_hyphen=True)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ExtendOptions:
    """The options of `extend`.

    Parameters
    ----------
    commands
        Further commands: a JSON list, a file that holds one, or - for standard input.
    results_dir
        Where results are; default: results/ at the top of the repository.
    dry_run
        Show the plan and change nothing at all.
    as_json
        Print the plan, or the aggregated results, as one JSON document.
    """

    seeds: Annotated[str | None, _LEADING_HYPHEN, described(Extension, "seeds")] = None
    grid: Annotated[tuple[str, ...], SEVERAL, described(Extension, "grid")] = ()
    commands: Annotated[str | None, _LEADING_HYPHEN] = None
    results_dir: Path | None = None
    notify: Annotated[tuple[str, ...], NOTIFY] = ()
    dry_run: Annotated[bool, FLAG] = False
    as_json: Annotated[bool, JSON] = False


def extend(exp: str, /, *, options: ExtendOptions | None = None) -> int:
    """Add jobs to a sweep and run them: the same commit, the numbers go on, nothing runs again.

    After Ctrl-C or a crash `sweeptree resume` goes on with them.

    Parameters
    ----------
    exp
        The sweep's name, or the path of its results.
    """
    options = options or ExtendOptions()
    settings = Settings()
    told = recipients_here(options.notify)
    paths = find_sweep(exp, options.results_dir)
    extension = _extension(options, paths.root.name)
    planner = planner_for(spec_of(paths), settings)
    if options.dry_run:
        grown = prepare_extension(paths, extension, settings, planner)
        return show_plan(grown, as_json=options.as_json)
    check(told)
    prepared = add_jobs(paths, extension, settings, planner)
    say(_added(prepared, paths))
    return run_prepared(prepared, settings, resume=Resume(), as_json=options.as_json, told=told)


def _extension(options: ExtendOptions, name: str) -> Extension:
    given: dict[str, Any] = {"seeds": options.seeds, "grid": options.grid}
    if options.commands is not None:
        given["commands"] = plan.load_commands(options.commands, sys.stdin)
    values = {field: value for field, value in given.items() if value}
    if not values:
        raise UsageError(
            "nothing was named that is to be added",
            hint=(f"sweeptree extend {name} --seeds 4,5", f"sweeptree extend {name} --grid lr=0.1"),
        )
    return valid(Extension, values, command="extend")


def _added(prepared: PreparedSweep, paths: SweepPaths) -> str:
    total = counted(len(prepared.jobs), "job")
    return f"{paths.root.name} has {total} now, at {prepared.base.commit[:12]}"
