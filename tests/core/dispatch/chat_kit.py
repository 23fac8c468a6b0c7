"""A chat of a repository, without any client; and commands that run in the background for it."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from sweeptree.dispatch.calls import Call, launch
from sweeptree.dispatch.chat import Chat
from sweeptree.dispatch.chat_folder import ChatFolder, Kind, write_about


def chat_of(top: Path, home: Path) -> Chat:
    """A chat about a repository."""
    return Chat(top.resolve(), ChatFolder(home / "chat"))


def background(home: Path, code: str) -> Call:
    """A call that runs some Python."""
    folder = ChatFolder(home / "chat").make(Kind.CALL)
    write_about(folder, {"tool": "auto_run", "words": [], "top": str(home), "sweep": None})
    launch(folder, [sys.executable, "-c", code], home)
    return Call(folder)


def until(is_so: Callable[[], bool]) -> None:
    """Wait, bounded, until something is so."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
