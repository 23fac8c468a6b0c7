"""Handles: private folders of new names, found again, and gone once they are old."""

import os
from pathlib import Path

import pytest

from core.dispatch.chat_kit import background
from sweeptree.dispatch.chat_folder import ChatFolder, Kind, is_handle, read_about, write_about
from sweeptree.errors import UsageError


def test_a_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = ChatFolder(tmp_path / "chat").make(Kind.PLAN)
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700


def test_a_handle_finds_its_folder(tmp_path: Path) -> None:
    chats = ChatFolder(tmp_path)
    folder = chats.make(Kind.PLAN)
    write_about(folder, {"a": 1})
    assert read_about(chats.find(folder.name, Kind.PLAN)) == {"a": 1}


@pytest.mark.parametrize("handle", ["plan-00000000", "call-00000000", "../x", "plan-", ""])
def test_an_unknown_handle_names_the_tool_that_gives_one(tmp_path: Path, handle: str) -> None:
    with pytest.raises(UsageError) as refused:
        ChatFolder(tmp_path).find(handle, Kind.PLAN)
    assert "`plan`" in refused.value.hint[0]


def test_a_sweep_of_such_a_name_is_no_handle() -> None:
    assert not is_handle("call-me", Kind.CALL) and is_handle("call-0123abcd", Kind.CALL)


def test_what_is_old_goes_and_what_runs_stays(tmp_path: Path) -> None:
    running = background(tmp_path, "import time; time.sleep(600)")
    chats = ChatFolder(tmp_path / "chat")
    old = chats.make(Kind.CALL)
    for folder in (old, running.folder):
        os.utime(folder, (0, 0))
    chats.make(Kind.PLAN)
    assert not old.exists() and running.folder.exists()
    running.stop(0.5)
