"""Experiment Orchestrator: one sweep from its spec to its records.

plan → per job: create-worktree → run-command → (auto-fix → commit-and-pr → label-and-review) →
aggregate. Jobs run depth-first on driver threads; a job is no subflow of its own. What is asked for
becomes a task run, what is not asked for does not. The work is in `sweeptree.sweep.run`.
"""

from __future__ import annotations

from sweeptree.engine.agent_runs import agent
from sweeptree.engine.executors import executor_for
from sweeptree.engine.sweep_engine import engine_here
from sweeptree.model import Resume, SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.outcome import SweepReport
from sweeptree.sweep.run import run_sweep
from sweeptree.tasks import stages


@agent("experiment-orchestrator", run_name="{spec.exp_name}: jobs", page=False)
def experiment_orchestrator(spec: SweepSpec, resume: Resume | None = None) -> SweepReport:
    """Run a sweep: every job in its worktree, with records, aggregates and a graph."""
    engine = engine_here(stages.ALL)
    executor = executor_for(spec, Settings(), engine.tell, shown=engine.run_id is not None)
    return run_sweep(spec, resume, engine, executor=executor)
