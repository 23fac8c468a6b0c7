"""The manager as an agent: one form, one report."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.manager_kit import make, modified
from sweeptree.errors import UsageError
from sweeptree.model.report import ReportState
from sweeptree.worktrees.manager.report import ManagerReport, ManagerSpec, manage


def done(repo: Path, **fields: Any) -> ManagerReport:
    spec = ManagerSpec(repo=repo, **fields)
    return manage(spec, environment={}, ports_folder=repo.parent / "ports")


def test_it_lists_unless_told_otherwise(repo: Path) -> None:
    make(repo)
    report = done(repo)
    assert [row["name"] for row in report.worktrees] == ["(main)", "plots"]
    assert "| plots | sweeptree/worktree/plots | clean |  |" in report.markdown


def test_it_makes_removes_and_restores(repo: Path) -> None:
    made = done(repo, action="create", name="w")
    top = Path(made.worktrees[0]["path"])
    modified(top)
    gone = done(repo, action="remove", name="w", dry_run=False)
    assert gone.done == ("w was removed after its work was saved as w: 1 changed file",)
    assert done(repo).saved == ("w",)
    assert done(repo, action="restore", name="w").done == (f"{top} is back with 1 changed file",)


def test_removing_and_cleaning_are_dry_unless_told_otherwise(repo: Path) -> None:
    top = make(repo)
    assert "would be removed" in done(repo, action="remove", name="plots").reason
    assert "would be removed" in done(repo, action="clean").reason
    assert top.is_dir()


@pytest.mark.parametrize("action", ["repair", "clean"])
def test_nothing_to_do_is_a_good_end(repo: Path, action: str) -> None:
    assert done(repo, action=action).state is ReportState.NOTHING_TO_DO


def test_a_name_is_needed_where_one_is_meant(repo: Path) -> None:
    with pytest.raises(UsageError, match="remove needs a name"):
        done(repo, action="remove")


def test_a_misspelt_field_is_an_error(repo: Path) -> None:
    with pytest.raises(ValidationError):
        ManagerSpec(repo=repo, nmae="x")  # type: ignore[call-arg]
