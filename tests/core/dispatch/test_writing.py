"""Files are written whole; the command is noted where git does not look."""

import os
from pathlib import Path

from helpers import git

from sweeptree.dispatch.comparing import compare
from sweeptree.dispatch.values import Keeping, Part, WantedFile
from sweeptree.dispatch.writing import note_command, write
from sweeptree.repository import find_repository


def test_a_script_is_a_program(tmp_path: Path) -> None:
    file = WantedFile("a/b.sh", "#!/bin/sh\n", Part.SHIMS, Keeping.OURS, is_executable=True)
    write(tmp_path, compare(tmp_path, [file]))
    assert os.access(tmp_path / "a" / "b.sh", os.X_OK)


def test_the_command_is_noted_and_not_seen_by_git(repo: Path) -> None:
    note_command(find_repository(repo), "/somewhere/sweeptree")
    assert (repo / ".sweeptree" / "command").read_text() == "/somewhere/sweeptree\n"
    assert git("status", "--porcelain", cwd=repo) == ""
