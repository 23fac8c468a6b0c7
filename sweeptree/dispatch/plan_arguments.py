"""What `plan` takes: the options of a sweep, with their names, types and descriptions."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, Field, create_model, model_validator

from sweeptree.dispatch.arguments import Arguments
from sweeptree.model import SweepSpec

_NOT_IN_CHATS = frozenset({"repo", "dated", "keep_env"})


def _plan_fields() -> dict[str, Any]:
    fields = {
        name: (field.annotation, field)
        for name, field in SweepSpec.model_fields.items()
        if name not in _NOT_IN_CHATS
    }
    own = Field(
        default=True,
        description="Run each job in a git worktree of its own; false: in the repository itself.",
    )
    return {**fields, "use_worktree": (bool, own)}


class _Sweep(Arguments):
    """What to run: one of commands, commands_file, or a template with a grid and seeds."""

    @model_validator(mode="after")
    def _has_jobs(self) -> Self:
        ways = ("commands", "commands_file", "template")
        given = [name for name in ways if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other")
        return self


PlanArguments: type[BaseModel] = create_model("PlanArguments", __base__=_Sweep, **_plan_fields())
