"""The set-up command of a worktree."""

from pathlib import Path

import pytest

from core.keeper_kit import until
from core.manager_kit import make, make_all
from sweeptree.errors import Refused
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import remove
from sweeptree.worktrees.manager.notes import read_note


def test_it_runs_in_the_worktree_and_knows_its_ports(repo: Path) -> None:
    made = make_all(repo, ports=True, setup='echo "$SWEEPTREE_PORT $PWD" > told.secret')
    told = (Path(made.path) / "told.secret").read_text()
    assert told == f"{made.port} {made.path}\n"


def test_what_it_made_is_made_again_rather_than_saved(repo: Path) -> None:
    make(repo, setup="mkdir results; echo x > results/env")
    note = read_note(find_repository(repo), "plots")
    assert note is not None and note.setup_paths == ("results",)
    assert remove(find_repository(repo), "plots").what == ""


def test_what_was_changed_in_it_since_is_saved(repo: Path) -> None:
    top = make(repo, setup="mkdir results; echo x > results/env")
    (top / "results/env").write_text("mine")
    assert remove(find_repository(repo), "plots").what == "1 ignored file"


def test_one_that_does_not_end_is_ended_with_its_children(repo: Path) -> None:
    pids = repo.parent / "pids"
    with pytest.raises(Refused, match=r"did not end within 0.5 s"):
        make(repo, setup=f"sleep 60 & echo $! > '{pids}'; wait", setup_timeout=0.5)
    command = Path("/proc", pids.read_text().strip(), "cmdline")
    until(lambda: not command.exists() or not command.read_bytes())
