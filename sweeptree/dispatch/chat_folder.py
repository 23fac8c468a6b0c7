"""Where the plans and calls of chats are kept: SWEEPTREE_HOME/chat, a folder for each.

Hides how handles are made and found again. A folder belongs to nobody but its owner (0700), for
commands may hold what is private. All chats of a user share it: each makes folders of new names.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError, UsageError
from sweeptree.records import read_json
from sweeptree.system.files import write_json
from sweeptree.system.locks import is_held

ABOUT = "about.json"
ALIVE = "alive"
_HANDLE = re.compile(r"(plan|call)-[0-9a-f]{8}")
_KEPT_SECONDS = 14 * 86400.0
_KEPT = 200


class Kind(StrEnum):
    """What a handle stands for."""

    PLAN = "plan"
    CALL = "call"


def is_handle(text: str, kind: Kind) -> bool:
    """Whether a text has the form of a handle."""
    return bool(_HANDLE.fullmatch(text)) and text.startswith(kind)


@dataclass(frozen=True, slots=True)
class ChatFolder:
    """The folder of all chats of this user."""

    root: Path

    def make(self, kind: Kind) -> Path:
        """A new empty folder, whose name is the handle. What is old and over goes."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._prune()
        folder = self.root / f"{kind}-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o700)
        return folder

    def find(self, handle: str, kind: Kind) -> Path:
        """The folder of a handle. Raises UsageError, naming the tool that gives one."""
        folder = self.root / handle
        if is_handle(handle, kind) and (folder / ABOUT).is_file():
            return folder
        source = "plan" if kind is Kind.PLAN else "status"
        raise UsageError(
            f"there is no {kind} {handle[:80]!r}", hint=f"call the tool `{source}` to get one"
        )

    def all(self, kind: Kind) -> list[Path]:
        """The folders of one kind, the newest first."""
        with contextlib.suppress(OSError):
            found = [path for path in self.root.iterdir() if is_handle(path.name, kind)]
            return sorted(found, key=_age)
        return []

    def _prune(self) -> None:
        for kind in Kind:
            for number, folder in enumerate(self.all(kind)):
                is_old = number >= _KEPT or _age(folder) > _KEPT_SECONDS
                if is_old and not is_held(folder / ALIVE):
                    shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    """Seconds since the folder was made or changed; of one that is gone, very many."""
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return float("inf")


def write_about(folder: Path, about: dict[str, Any]) -> None:
    """Say what a folder is about. Raises OSError."""
    write_json(folder / ABOUT, about)


def read_about(folder: Path) -> dict[str, Any]:
    """What a folder is about; nothing where that cannot be read."""
    try:
        return read_json(folder / ABOUT)
    except RecordError:
        return {}
