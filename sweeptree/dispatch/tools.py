"""The tools of a chat: which there are follows from the registry of agents.

Hides nothing but the list: a tool is an agent's verb with arguments and an answer that a model can
read. Nothing that costs an import is imported before a tool is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from sweeptree.agents import AGENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from sweeptree.dispatch.answers import Answer
    from sweeptree.dispatch.chat import Chat

    Call = Callable[[Chat, BaseModel], Answer]


@dataclass(frozen=True, slots=True)
class Hints:
    """What a client may know before it lets a model call a tool."""

    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. `run`, `arguments` and `answer` are names in the modules of this room.

    `agents`: whose work it does; `reports`: whether its answer holds the agent's report.
    """

    name: str
    title: str
    description: str
    agents: tuple[str, ...]
    run: str
    arguments: str
    answer: str = "Done"
    hints: Hints = Hints()
    reports: bool = False

    def call(self) -> Call:
        """The function behind it."""
        return cast("Call", _named(self.run))

    def arguments_model(self) -> type[BaseModel]:
        """The model of its arguments."""
        return cast("type[BaseModel]", _named(self.arguments))


def _named(place: str) -> object:
    module, _, name = place.partition(":")
    return getattr(import_module(f"sweeptree.dispatch.{module}"), name)


_LOOKS = Hints(read_only=True, idempotent=True)
_ORCHESTRATOR = ("experiment-orchestrator",)
EVERY_TOOL = (
    Tool(
        name="plan",
        title="Plan a sweep",
        description="Plan a hyperparameter sweep: the jobs, the commit, what stands in the way. "
        "Changes nothing. Returns a plan_id for `start`. Show the plan before you start it.",
        agents=_ORCHESTRATOR,
        run="plan_tools:plan",
        arguments="plan_arguments:PlanArguments",
        answer="Plan",
        hints=Hints(read_only=True),
    ),
    Tool(
        name="start",
        title="Start a planned sweep",
        description="Start exactly what a plan showed, in the background, and return at once. "
        "The sweep goes on when the chat ends.",
        agents=_ORCHESTRATOR,
        run="plan_tools:start",
        arguments="arguments:StartArguments",
        answer="Started",
        hints=Hints(open_world=True),
    ),
    Tool(
        name="status",
        title="How far it is",
        description="Wait up to 50 s for a sweep or a call to end, with progress; without an id "
        "list all there is.",
        agents=(*_ORCHESTRATOR, "auto-runner", "ci-fixer"),
        run="sweep_tools:status",
        arguments="arguments:StatusArguments",
        answer="Status",
        hints=_LOOKS,
    ),
    Tool(
        name="logs",
        title="Logs",
        description="The last lines that a job, all jobs of a sweep, or a call printed.",
        agents=(*_ORCHESTRATOR, "auto-runner", "ci-fixer"),
        run="sweep_tools:logs",
        arguments="arguments:LogsArguments",
        answer="Log",
        hints=_LOOKS,
    ),
    Tool(
        name="stop",
        title="Stop",
        description="Stop a sweep or a call: its processes end within seconds. A sweep can go on "
        "later (sweeptree resume).",
        agents=(*_ORCHESTRATOR, "auto-runner"),
        run="sweep_tools:stop",
        arguments="arguments:StopArguments",
        answer="Stopped",
        hints=Hints(destructive=True, idempotent=True),
    ),
    Tool(
        name="results",
        title="Results of a sweep",
        description="Read back the aggregates of a sweep: exit codes, leaderboard with mean and "
        "spread over seeds, files. Makes them anew where the records are newer.",
        agents=("results-aggregator",),
        run="sweep_tools:results",
        arguments="arguments:ResultsArguments",
        answer="Results",
        hints=Hints(idempotent=True),
    ),
    Tool(
        name="worktrees",
        title="Worktrees",
        description="List, create, remove, clean, repair or restore worktrees, or make a pull "
        "request of one. What removes or pushes is a dry run unless dry_run is false.",
        agents=("worktree-manager",),
        run="agent_tools:worktrees",
        arguments="arguments:WorktreesArguments",
        hints=Hints(destructive=True, open_world=True),
    ),
    Tool(
        name="auto_run",
        title="Run a command",
        description="Run one command in a git worktree of its own; returns its exit code, the end "
        "of its log, what it changed and made.",
        agents=("auto-runner",),
        run="agent_tools:auto_run",
        arguments="arguments:AutoRunArguments",
        hints=Hints(open_world=True),
        reports=True,
    ),
    Tool(
        name="ci_fix",
        title="Fix failing tests",
        description="Run the tests, show what fails, propose a minimal patch. Only apply_patch "
        "true pushes it and opens a draft pull request.",
        agents=("ci-fixer",),
        run="agent_tools:ci_fix",
        arguments="arguments:CiFixArguments",
        hints=Hints(open_world=True),
        reports=True,
    ),
    Tool(
        name="review",
        title="Review a change",
        description="Say what is new and wrong in a change: lint, tests, performance. Only post "
        "true shows it on the pull request.",
        agents=("code-reviewer",),
        run="agent_tools:review",
        arguments="arguments:ReviewArguments",
        hints=Hints(open_world=True),
        reports=True,
    ),
    Tool(
        name="merge",
        title="Merge what is green",
        description="Show a worktree's or pull request's diff and test the merge's result. Lands "
        "only with dry_run false, and exactly what was tested.",
        agents=("merge-assistant",),
        run="agent_tools:merge",
        arguments="arguments:MergeArguments",
        hints=Hints(destructive=True, open_world=True),
        reports=True,
    ),
    Tool(
        name="ecg",
        title="ECG data and evaluation",
        description="curate: fetch, verify and build PTB-XL into data/processed. evaluate: judge "
        "predictions, with intervals and figures.",
        agents=("data-curator", "diagnostic-evaluator"),
        run="agent_tools:ecg",
        arguments="arguments:EcgArguments",
        hints=Hints(open_world=True),
    ),
)


def _is_there(tool: Tool) -> bool:
    known = {agent.name for agent in AGENTS}
    return any(agent in known for agent in tool.agents)


TOOLS = {tool.name: tool for tool in EVERY_TOOL if _is_there(tool)}
