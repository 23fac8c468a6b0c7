"""`sweeptree mcp`: the tools over the Model Context Protocol, on standard input and output.

Hides the SDK. It speaks with clients of the protocol from 2025-11-25 on. Tools run in threads, so
that one that waits keeps nobody else waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent
from mcp.types import Tool as ListedTool

from sweeptree import __version__
from sweeptree.dispatch.tool_list import read_list
from sweeptree.dispatch.tools import TOOLS, Tool
from sweeptree.errors import SweeptreeError

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from pydantic import ValidationError

    from sweeptree.dispatch.chat import Chat

_INSTRUCTIONS = """\
sweeptree runs hyperparameter sweeps: one pinned commit, a git worktree and a GPU slot per job.
A sweep: `plan`, show the plan, `start` with its plan_id when the person agrees, `status` until it
has ended, then `results`. What runs longer than a call answers with an id for `status`.
Whatever pushes, merges or removes is a dry run unless you say otherwise; ask the person first.
An error says what is wrong and names the next step."""
_SHOWN_FAULTS = 5


def serve(top: Path, home: Path) -> None:
    """Serve one client, for the repository at `top`, until it goes."""
    anyio.run(_serve, make_server(top, home))


def make_server(top: Path, home: Path) -> Server[Any]:
    """The server with its tools."""
    return Server(
        "sweeptree",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=_list_tools,
        on_call_tool=partial(_call_tool, top, home),
    )


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _list_tools(context: ServerRequestContext, _: Any) -> ListToolsResult:  # noqa: ARG001
    return ListToolsResult(tools=[ListedTool.model_validate(entry) for entry in read_list()])


async def _call_tool(
    top: Path, home: Path, context: ServerRequestContext, params: CallToolRequestParams
) -> CallToolResult:
    tool = TOOLS.get(params.name)
    if tool is None:
        return _failed(f"there is no tool {params.name!r}", [f"there are: {', '.join(TOOLS)}"])
    work = partial(_run, tool, params.arguments or {}, top, home, _progress(context))
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


def _progress(context: ServerRequestContext) -> Callable[[float, float | None, str], None]:
    """What a tool tells from its thread; a client that is gone hears nothing."""

    def tell(done: float, total: float | None, text: str) -> None:
        try:
            anyio.from_thread.run(context.session.report_progress, done, total, text)
        except (RuntimeError, anyio.ClosedResourceError, anyio.BrokenResourceError):
            return

    return tell


def _run(
    tool: Tool,
    given: dict[str, Any],
    top: Path,
    home: Path,
    tell: Callable[[float, float | None, str], None],
) -> CallToolResult:
    """Call a tool; whatever goes wrong becomes words that a model can act on."""
    from pydantic import ValidationError

    from sweeptree.dispatch.chat import Chat
    from sweeptree.dispatch.chat_folder import ChatFolder

    chat = Chat(top, ChatFolder(home / "chat"), tell)
    try:
        return _answered(tool, given, chat)
    except ValidationError as error:
        return _failed(_faults(error), [f"the schema of `{tool.name}` says what it takes"])
    except SweeptreeError as error:
        return _failed(error.message, error.hint)
    except Exception as error:  # the edge: a client gets an answer, whatever happens
        what = f"unexpected error: {type(error).__name__}: {error}"
        return _failed(what, ["try it on the command line: sweeptree --help"])


def _answered(tool: Tool, given: dict[str, Any], chat: Chat) -> CallToolResult:
    answer = tool.call()(chat, tool.arguments_model().model_validate(given))
    return CallToolResult(
        content=[TextContent(type="text", text=answer.page())],
        structured_content=answer.model_dump(mode="json"),
    )


def _faults(error: ValidationError) -> str:
    """What is wrong with the arguments, a line each; never the address of pydantic's pages."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "\n".join(_fault(each["loc"], each["msg"]) for each in found[:_SHOWN_FAULTS])


def _fault(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(map(str, place))
    text = message.removeprefix("Value error, ")
    return f"{where}: {text}" if where else text


def _failed(message: str, hints: Any) -> CallToolResult:
    text = "\n".join([message, *(f"Next: {hint}" for hint in hints)])
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
