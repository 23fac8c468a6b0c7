"""Runs whose process has ended are told from those whose process lives."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from sweeptree.engine.living_runs import dead_runs, forget_runs, note_run

RUN = "12345678-1234-1234-1234-123456789abc"
OTHER = "12345678-1234-1234-1234-123456789abd"
ENDS = """
import os, signal, sys
from pathlib import Path
from sweeptree.engine.living_runs import note_run
note_run(Path(sys.argv[1]), sys.argv[2])
os.kill(os.getpid(), signal.SIGKILL)
"""


def note_and_die(home: Path) -> None:
    argv = [sys.executable, "-c", ENDS, str(home), OTHER]
    assert subprocess.run(argv).returncode == -9


def test_a_run_is_dead_when_its_process_was_killed(tmp_path: Path) -> None:
    note_run(tmp_path, RUN)
    note_and_die(tmp_path)
    assert dead_runs(tmp_path) == [OTHER]


def test_a_run_is_not_dead_before_its_process_could_lock_its_note(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / f".{RUN}").touch()
    assert dead_runs(tmp_path) == []


def test_what_was_looked_after_is_forgotten(tmp_path: Path) -> None:
    note_and_die(tmp_path)
    forget_runs(tmp_path, dead_runs(tmp_path))
    assert dead_runs(tmp_path) == []


def test_the_notes_are_the_owners_alone(tmp_path: Path) -> None:
    note_run(tmp_path / "home", RUN)
    note = tmp_path / "home" / "runs" / RUN
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (note, note.parent)]
    assert modes == [0o600, 0o700]


def test_without_a_place_for_notes_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no folder")
    note_run(tmp_path / "home", RUN)
    assert dead_runs(tmp_path / "home") == []
