"""The list of tools as a client gets it, with the schemas of arguments and answers.

python -m sweeptree.dispatch.tool_list    writes sweeptree/schemas/chat_tools.json anew

The models of reports stand in rooms that cost half a second to import. So the list is made from
them beforehand, and a chat reads the file; a test compares the two.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, create_model
from pydantic.json_schema import GenerateJsonSchema

from sweeptree.agents import AGENTS
from sweeptree.dispatch.tools import TOOLS, Hints, Tool

FILE = Path(__file__).parents[1] / "schemas" / "chat_tools.json"


class _Plain(GenerateJsonSchema):
    """Without the titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's
        return False


def read_list() -> list[dict[str, Any]]:
    """The tools, from the file."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def make_list() -> str:
    """The text of the file, from the models."""
    entries = [_entry(tool) for tool in TOOLS.values()]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def _entry(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": _schema(tool.arguments_model(), "validation"),
        "outputSchema": _schema(_answer_model(tool), "serialization"),
        "annotations": _annotations(tool.hints),
    }


def _annotations(hints: Hints) -> dict[str, bool]:
    return {
        "readOnlyHint": hints.read_only,
        "destructiveHint": hints.destructive,
        "idempotentHint": hints.idempotent,
        "openWorldHint": hints.open_world,
    }


def _schema(model: type[BaseModel], mode: str) -> dict[str, Any]:
    made = model.model_json_schema(schema_generator=_Plain, mode=cast("Any", mode))
    made.pop("title", None)
    return made


def _answer_model(tool: Tool) -> type[BaseModel]:
    """The model of a tool's answer, with the report of its agent."""
    answers = import_module("sweeptree.dispatch.answers")
    base: type[BaseModel] = getattr(answers, tool.answer)
    if not tool.reports:
        return base
    module, _, name = _report(tool).partition(":")
    report = getattr(import_module(module), name)
    field = base.model_fields["report"]
    return create_model(tool.answer, __base__=base, report=(report | None, field))


def _report(tool: Tool) -> str:
    return next(agent.report for agent in AGENTS if agent.name in tool.agents)


def main() -> None:
    """Write the file."""
    FILE.write_text(make_list(), encoding="utf-8")


if __name__ == "__main__":
    main()
