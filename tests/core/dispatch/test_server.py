"""The server, with a client of the SDK in this process: lists, answers, errors that name the next
step."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from core.cli_records import finished_sweep
from sweeptree.dispatch.server import make_server
from sweeptree.dispatch.tools import TOOLS


def with_client(top: Path, talk: Callable[[Client], Awaitable[Any]], mode: str = "auto") -> Any:
    async def run() -> Any:
        async with Client(make_server(top, top.parent / "home"), mode=mode) as client:
            return await talk(client)

    return anyio.run(run)


def called(top: Path, tool: str, **arguments: Any) -> CallToolResult:
    found = with_client(top, lambda client: client.call_tool(tool, arguments))
    assert isinstance(found, CallToolResult)
    return found


def text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_clients_old_and_new_see_the_tools(repo: Path, mode: str) -> None:
    listed = with_client(repo, lambda client: client.list_tools(), mode)
    assert [tool.name for tool in listed.tools] == list(TOOLS)
    merge = next(tool for tool in listed.tools if tool.name == "merge")
    assert merge.annotations.destructive_hint and not merge.annotations.read_only_hint


def test_an_answer_has_fields_and_text(repo: Path) -> None:
    finished_sweep(repo / "results")
    answer = called(repo, "status", id="unet")
    assert answer.structured_content is not None
    assert answer.structured_content["sweeps"][0]["state"] == "finished"
    assert "unet: finished, 4 jobs" in text(answer)


def test_fields_are_as_the_list_says(repo: Path) -> None:
    finished_sweep(repo / "results")
    listed = with_client(repo, lambda client: client.list_tools())
    schemas = {tool.name: tool.output_schema for tool in listed.tools}
    for name in ("status", "logs"):
        answer = called(repo, name, id="unet")
        jsonschema.validate(answer.structured_content, schemas[name])


def test_wrong_arguments_are_named(repo: Path) -> None:
    answer = called(repo, "status", idd="unet", wait_s=99)
    assert answer.is_error
    assert "idd: " in text(answer) and "wait_s: " in text(answer) and "http" not in text(answer)


def test_an_error_names_the_next_step(repo: Path) -> None:
    answer = called(repo, "logs", id="none")
    assert answer.is_error and "Next: call `plan`" in text(answer)


def test_an_unknown_tool_is_told_the_others(repo: Path) -> None:
    answer = called(repo, "sweep")
    assert answer.is_error and "there are: plan, start" in text(answer)
