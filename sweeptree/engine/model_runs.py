"""A language model's work as Prefect task runs: each of its requests, and each call of a tool.

Hides pydantic-ai's capability for it. Loaded only where a model is asked for.
"""

from __future__ import annotations

from typing import Any

from prefect.cache_policies import NO_CACHE


def durable() -> tuple[Any, ...]:
    """The capabilities that make an agent's requests and tool calls task runs.

    Nothing is cached or kept: a tool reads files that change between two equal calls.
    """
    from pydantic_ai.durable_exec.prefect import PrefectDurability, TaskConfig

    plain = TaskConfig(persist_result=False, cache_policy=NO_CACHE)
    return (PrefectDurability(model_task_config=plain, tool_task_config=plain),)
