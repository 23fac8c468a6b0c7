"""Writes what was planned into a repository, and notes which command wrote it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sweeptree.dispatch.comparing import Planned
from sweeptree.repository.repository import Repository, hide_from_git
from sweeptree.system.files import write_bytes

_COMMAND = Path(".sweeptree") / "command"


def write(top: Path, planned: Iterable[Planned]) -> None:
    """Write each file whole or not at all. Raises OSError."""
    for each in planned:
        path = top / each.file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, each.text.encode())
        path.chmod(0o755 if each.file.is_executable else 0o644)


def note_command(repo: Repository, command: str) -> None:
    """Note where sweeptree is, for the scripts of a shell that has no environment activated.

    In `.sweeptree/`, which git does not see: no path of a machine stands in a committed file.
    """
    hide_from_git(repo)
    file = repo.top / _COMMAND
    file.parent.mkdir(exist_ok=True)
    write_bytes(file, os.fsencode(command) + b"\n")
