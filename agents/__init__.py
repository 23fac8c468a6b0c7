"""The named agents: each a thin file, `flow(spec) -> report`. This is the registry, and everything
that lists agents reads it: the command line, the deployments, the docs.

Strings only: nothing is imported until an agent is asked for. An agent's work is done by a room of
the core, without Prefect; its file here is only the flow.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent. `spec`, `report` and `flow` are `module:name`; `verb` is its command."""

    name: str
    spec: str
    report: str
    flow: str
    verb: str
    summary: str

    @property
    def entrypoint(self) -> str:
        """The flow as prefect.yaml names it."""
        return self.flow.replace(":", ".")


AGENTS = (
    Agent(
        name="experiment-orchestrator",
        spec="sweeptree.model:SweepSpec",
        report="sweeptree.sweep.outcome:SweepReport",
        flow="sweeptree.agents.experiment_orchestrator:experiment_orchestrator",
        verb="orchestrate",
        summary="Run one sweep and leave its records: a worktree and a GPU slot for every job.",
    ),
    Agent(
        name="auto-runner",
        spec="sweeptree.sweep.one:AutoRunSpec",
        report="sweeptree.sweep.one_report:RunReport",
        flow="sweeptree.agents.auto_runner:auto_runner",
        verb="auto-run",
        summary="Run one command in a worktree of its own, and say what it changed and made.",
    ),
    Agent(
        name="code-reviewer",
        spec="sweeptree.review:ReviewSpec",
        report="sweeptree.review.report:ReviewReport",
        flow="sweeptree.agents.code_reviewer:code_reviewer",
        verb="review",
        summary="Say what is new and wrong in a change; on a pull request where asked.",
    ),
    Agent(
        name="results-aggregator",
        spec="sweeptree.report.summary:AggregateSpec",
        report="sweeptree.report.summary:AggregateReport",
        flow="sweeptree.agents.results_aggregator:results_aggregator",
        verb="aggregate",
        summary="Make the aggregates and report.html from the records of a sweep.",
    ),
    Agent(
        name="ci-fixer",
        spec="sweeptree.repair.spec:CIFixSpec",
        report="sweeptree.repair.report:FixReport",
        flow="sweeptree.agents.ci_fixer:ci_fixer",
        verb="ci-fix",
        summary="Run the tests, attach what fails, and propose a patch that passes the gate.",
    ),
    Agent(
        name="data-curator",
        spec="sweeptree.ecg.manifest:CurateSpec",
        report="sweeptree.ecg.curate.outcome:CurateReport",
        flow="sweeptree.agents.data_curator:data_curator",
        verb="curate",
        summary="Fetch, verify and build PTB-XL into data/processed.",
    ),
    Agent(
        name="diagnostic-evaluator",
        spec="sweeptree.ecg.evaluate.spec:EvaluateSpec",
        report="sweeptree.ecg.evaluate.spec:EvaluationReport",
        flow="sweeptree.agents.diagnostic_evaluator:diagnostic_evaluator",
        verb="evaluate",
        summary="Judge predictions: scores with intervals, figures, a report.",
    ),
    Agent(
        name="merge-assistant",
        spec="sweeptree.publish.merging:MergeSpec",
        report="sweeptree.publish.merging.report:MergeReport",
        flow="sweeptree.agents.merge_assistant:merge_assistant",
        verb="merge",
        summary="Test a merge's result, and land exactly what was tested.",
    ),
    Agent(
        name="worktree-manager",
        spec="sweeptree.worktrees.manager.report:ManagerSpec",
        report="sweeptree.worktrees.manager.report:ManagerReport",
        flow="sweeptree.agents.worktree_manager:worktree_manager",
        verb="worktree",
        summary="List, make, repair, clean up and bring back worktrees; no byte is lost.",
    ),
)


def agent_named(name: str) -> Agent:
    """The agent of this name. Raises KeyError."""
    return {agent.name: agent for agent in AGENTS}[name]
