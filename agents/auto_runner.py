"""Auto Runner: one command in an isolated worktree, with its log, its changes and what it used.

A sweep of one: the stages are the same task runs. The work is in `sweeptree.sweep.one`.
"""

from __future__ import annotations

from sweeptree.engine.agent_runs import agent
from sweeptree.engine.sweep_engine import engine_here
from sweeptree.sweep.one import AutoRunSpec, run_one
from sweeptree.sweep.one_report import RunReport
from sweeptree.tasks import stages


@agent("auto-runner", run_name="{spec.label}")
def auto_runner(spec: AutoRunSpec) -> RunReport:
    """Run a command, or several one after the other, in a worktree of its own."""
    return run_one(spec, engine_here(stages.ALL))
