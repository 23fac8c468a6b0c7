"""The third rung: a language model of any provider with four tools, through pydantic-ai.

Hides pydantic-ai, which is an extra (`pip install 'sweeptree[agent]'`) and slow to import, so that
it is loaded when a model is asked for. How its requests and tool calls become durable is not known
here: the engine passes `capabilities`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeptree.errors import Refused, UsageError
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.prompt import make_prompt
from sweeptree.repair.proposal import Budget, Proposal, RungName
from sweeptree.repair.workbench import Mistake, Workbench
from sweeptree.repository import worktree_patches
from sweeptree.system.extras import install_command

if TYPE_CHECKING:
    from pydantic_ai import Agent

NAME = "ci-fixer"
MOST_REQUESTS = 40
_ANSWER_TOKENS = 8000
_SHOWN = 300
MakeWorkbench = Callable[[FailureReport, Path], Workbench]
_INSTRUCTIONS = (
    "You repair programs. Find the cause before you edit, make the smallest right change, run the "
    "failing tests to see it work, and say in two sentences what was wrong."
)


@dataclass(frozen=True, slots=True)
class ModelAgent:
    """The rung with a model, as pydantic-ai names it (`openai:gpt-5`).

    `capabilities`: what the engine adds to the agent.
    """

    commit: str
    model: str
    make_workbench: MakeWorkbench
    capabilities: tuple[Any, ...] = ()

    def propose(self, report: FailureReport, top: Path, budget: Budget) -> tuple[Proposal, ...]:
        """Let the model work until it is done. Raises Refused where it gets nowhere."""
        bench = self.make_workbench(report, top)
        began = time.monotonic()
        answer = _ask(self._agent(bench), make_prompt(report), budget)
        patch = worktree_patches.patch_of_files(top, self.commit)
        if not patch:
            raise Refused(f"it changed nothing: {answer.text[:_SHOWN]}")
        note = f"{self.model}: {answer.text[:_SHOWN]}"
        seconds = time.monotonic() - began
        return (Proposal(RungName.MODEL, patch, note, seconds, answer.cost),)

    def _agent(self, bench: Workbench) -> Agent[None, str]:
        from pydantic_ai import Agent

        return Agent(
            self.model,
            name=NAME,
            instructions=_INSTRUCTIONS,
            tools=[
                _as_tool(bench.read),
                _as_tool(bench.grep),
                _as_tool(bench.edit),
                _as_tool(bench.run_failing_tests),
            ],
            capabilities=list(self.capabilities),
            model_settings={"max_tokens": _ANSWER_TOKENS},
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's last words, and what they cost."""

    text: str
    cost: str


def _ask(agent: Agent[None, str], prompt: str, budget: Budget) -> Answer:
    from pydantic_ai import UsageLimits
    from pydantic_ai.exceptions import AgentRunError, UserError

    limits = UsageLimits(request_limit=MOST_REQUESTS)

    async def run() -> Answer:
        running = agent.run(prompt, usage_limits=limits)
        done = await asyncio.wait_for(running, budget.left)
        usage = done.usage
        cost = f"{usage.requests} requests, {usage.input_tokens + usage.output_tokens} tokens"
        return Answer(" ".join(done.output.split()), cost)

    try:
        return asyncio.run(run())
    except TimeoutError as error:
        raise Refused(f"the model was not done after {budget.seconds:.0f} s") from error
    except (AgentRunError, UserError) as error:
        raise Refused(f"the model could not be used: {str(error)[:_SHOWN]}") from error


def _as_tool(work: Callable[..., str]) -> Callable[..., str]:
    """A tool whose mistakes are answers, so that the model may try again."""
    import functools

    @functools.wraps(work)
    def tool(*args: Any, **kwargs: Any) -> str:
        try:
            return work(*args, **kwargs)
        except Mistake as mistake:
            return f"error: {mistake}"

    return tool


def check_model(model: str) -> None:
    """Raise UsageError where a model cannot be asked at all: no extra, no such provider, no key."""
    if importlib.util.find_spec("pydantic_ai") is None:
        raise UsageError(
            "--model needs pydantic-ai, which is not installed",
            hint=install_command("agent"),
        )
    from pydantic_ai.exceptions import UserError
    from pydantic_ai.models import infer_model

    try:
        infer_model(model)
    except (UserError, ImportError, ValueError) as error:
        hint = (
            "name it as PROVIDER:MODEL, as in openai:gpt-5; the key is in the provider's variable"
        )
        raise UsageError(f"the model {model!r} cannot be used: {error}", hint=hint) from error
