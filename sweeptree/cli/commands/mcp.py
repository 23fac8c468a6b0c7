"""`sweeptree mcp`: the tools of a chat, for an editor or a coding agent, over stdio."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

from sweeptree.errors import UsageError
from sweeptree.repository import find_repository
from sweeptree.settings import Settings
from sweeptree.system.extras import install_command


def mcp(*, repo: Path = Path()) -> int:
    """Serve the tools of a chat on standard input and output, until the client goes.

    Editors start it themselves: `sweeptree init` writes .mcp.json for them.

    Parameters
    ----------
    repo
        A folder inside the repository that the chat works in; default: where it is started.
    """
    try:
        serve = _server()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sweeptree"):
            raise
        raise UsageError(
            f"the chat needs {error.name}, which is not installed",
            hint=install_command("mcp"),
        ) from error
    serve(find_repository(repo).start, Settings().home)
    return 0


def _server() -> Callable[[Path, Path], None]:
    """What serves. The SDK is a thousand classes that stay: while they are made, looking for
    garbage among them costs an eighth of the start."""
    gc.disable()
    try:
        from sweeptree.dispatch.server import serve
    finally:
        gc.freeze()
        gc.enable()
    return serve
