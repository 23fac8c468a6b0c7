"""The Worktree Manager as an agent: one form for what it can do, one report on what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field

from sweeptree.errors import UsageError
from sweeptree.model.fields import Border
from sweeptree.model.report import Report, ReportState
from sweeptree.repository import Repository, find_repository
from sweeptree.worktrees.manager.cleaning import CleanOrder, clean
from sweeptree.worktrees.manager.making import Order, create
from sweeptree.worktrees.manager.mending import mend
from sweeptree.worktrees.manager.removal import Fate, remove
from sweeptree.worktrees.manager.restoring import restore
from sweeptree.worktrees.manager.salvage import all_salvages
from sweeptree.worktrees.manager.sharing import Share
from sweeptree.worktrees.manager.survey import Row, survey
from sweeptree.worktrees.manager.wording import (
    list_sentence,
    made_sentence,
    removal_sentence,
    restored_sentence,
    state_words,
)

_DAY = 86400.0


class Action(StrEnum):
    """What the Worktree Manager is asked to do."""

    LIST = "list"
    CREATE = "create"
    REMOVE = "remove"
    REPAIR = "repair"
    CLEAN = "clean"
    RESTORE = "restore"


class ManagerSpec(Border):
    """What to do with the worktrees of a repository: the form of the Worktree Manager."""

    action: Action = Field(
        default=Action.LIST, description="list, create, remove, repair, clean or restore."
    )
    repo: Path = Field(
        default=Path(), description="A folder inside the repository; default: where the run starts."
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        description="create, remove, restore: the worktree's name; of a job: SWEEP/job_3.",
    )
    ref: str = Field(default="HEAD", description="create: the commit, branch or tag to start from.")
    branch: str | None = Field(
        default=None,
        description="create: its branch; default: sweeptree/worktree/NAME, empty: none.",
    )
    share: Share = Field(
        default=Share.REFLINK,
        description="create: how big files of .worktreeinclude get there: reflink (a copy that "
        "shares its blocks where the disk can), hardlink, link or copy.",
    )
    setup: str | None = Field(
        default=None, min_length=1, description="create: a command that makes the worktree ready."
    )
    setup_timeout: float = Field(
        default=3600.0, gt=0, description="create: seconds that the set-up command may take."
    )
    merged: bool = Field(
        default=False, description="clean: only worktrees whose commits are all merged."
    )
    older_than_days: float = Field(
        default=0.0, ge=0, description="clean: only worktrees not used for so many days."
    )
    keep: int = Field(default=0, ge=0, description="clean: so many of the last used stay.")
    max_disk: int | None = Field(
        default=None,
        ge=0,
        description="clean: MiB; only as many go, longest unused first, as bring all below it.",
    )
    salvage: bool = Field(
        default=False, description="clean: also those that hold work, after it was saved."
    )
    dry_run: bool = Field(
        default=True, description="remove and clean: only say what would go, and why."
    )

    @property
    def clean_order(self) -> CleanOrder:
        """The same as an order to clean up."""
        return CleanOrder(
            merged=self.merged,
            older_than=self.older_than_days * _DAY,
            keep=self.keep,
            max_disk=self.max_disk,
            salvage=self.salvage,
        )


class ManagerReport(Report):
    """What the Worktree Manager found and did."""

    action: Action = Field(description="What it was asked to do.")
    worktrees: tuple[dict[str, Any], ...] = Field(
        default=(), description="A worktree each: as it is (list, create, restore) or its fate."
    )
    saved: tuple[str, ...] = Field(default=(), description="list: what can be restored.")
    done: tuple[str, ...] = Field(default=(), description="What was done, a sentence each.")


def manage(
    spec: ManagerSpec, *, environment: Mapping[str, str], ports_folder: Path
) -> ManagerReport:
    """Do what the form says. Raises UsageError, Refused, GitError."""
    repo = find_repository(spec.repo)
    if spec.action is Action.CREATE:
        order = Order(
            _name(spec),
            ref=spec.ref,
            branch=spec.branch,
            share=spec.share,
            setup=spec.setup,
            setup_timeout=spec.setup_timeout,
        )
        made = create(repo, order, environment=environment, ports_folder=ports_folder)
        return _report(spec, [asdict(made)], [made_sentence(made)])
    return _OTHERS[spec.action](repo, spec)


def _name(spec: ManagerSpec) -> str:
    if spec.name is None:
        raise UsageError(f"{spec.action} needs a name", hint="the field name of the form")
    return spec.name


def _list(repo: Repository, spec: ManagerSpec) -> ManagerReport:
    rows = survey(repo)
    saved = tuple(each.name for each in all_salvages(repo))
    report = _report(spec, [asdict(row) for row in rows], [list_sentence(rows)])
    return report.model_copy(update={"saved": saved, "markdown": _table(rows)})


def _remove(repo: Repository, spec: ManagerSpec) -> ManagerReport:
    gone = remove(repo, _name(spec), dry_run=spec.dry_run)
    return _report(spec, [asdict(gone)], [removal_sentence(gone, is_dry=spec.dry_run)])


def _clean(repo: Repository, spec: ManagerSpec) -> ManagerReport:
    found = clean(repo, spec.clean_order, dry_run=spec.dry_run)
    sentences = [removal_sentence(each, is_dry=spec.dry_run) for each in found]
    report = _report(spec, [asdict(each) for each in found], sentences)
    is_idle = all(each.fate is Fate.KEPT for each in found)
    return report.model_copy(update={"state": ReportState.NOTHING_TO_DO}) if is_idle else report


def _repair(repo: Repository, spec: ManagerSpec) -> ManagerReport:
    done = mend(repo)
    report = _report(spec, [], done or ["nothing was to be repaired"])
    return report if done else report.model_copy(update={"state": ReportState.NOTHING_TO_DO})


def _restore(repo: Repository, spec: ManagerSpec) -> ManagerReport:
    back = restore(repo, _name(spec))
    return _report(spec, [asdict(back)], [restored_sentence(back)])


_OTHERS: Mapping[Action, Callable[[Repository, ManagerSpec], ManagerReport]] = {
    Action.LIST: _list,
    Action.REMOVE: _remove,
    Action.CLEAN: _clean,
    Action.REPAIR: _repair,
    Action.RESTORE: _restore,
}


def _report(
    spec: ManagerSpec, worktrees: Sequence[dict[str, Any]], done: Sequence[str]
) -> ManagerReport:
    lines = [f"### Worktree Manager: {spec.action}", "", *(f"- {_plain(line)}" for line in done)]
    return ManagerReport(
        action=spec.action,
        reason=done[0] if len(done) == 1 else f"{spec.action}: {len(done)} worktrees",
        markdown="\n".join(lines),
        worktrees=tuple(worktrees),
        done=tuple(done),
    )


def _plain(text: str) -> str:
    """Names of branches and files format nothing on the page."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|@" else sign for sign in text)


def _table(rows: Sequence[Row]) -> str:
    lines = ["### Worktree Manager: list", "", "| worktree | branch | state | used by |"]
    return "\n".join([*lines, "|---|---|---|---|", *_table_rows(rows)])


def _table_rows(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        cells = (row.name, row.branch or "(detached)", state_words(row), ", ".join(row.users))
        yield f"| {' | '.join(_plain(cell) for cell in cells)} |"
