"""What a delivery is asked to do, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sweeptree.model import PullRequest
from sweeptree.publish.delivery.body import Evidence
from sweeptree.publish.forge.pace import Pace
from sweeptree.repository.differences import FileChange
from sweeptree.repository.guards import LeftOut

if TYPE_CHECKING:
    from sweeptree.settings import Settings


class DeliveryResult(StrEnum):
    """How a delivery ended.

    `no-change`: there was nothing to deliver; `local`: a local branch only; `pushed`: no pull
    request; `closed`: people closed or merged the pull request of this very content, which stands.
    """

    PLANNED = "planned"
    NO_CHANGE = "no-change"
    LOCAL = "local"
    PUSHED = "pushed"
    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Options:
    """How to deliver.

    `base` None: the remote's default branch; `repo`: OWNER/REPO that gets the pull request.

    `push` False: only a local branch; `open_pr` False: no pull request; `needs_forge`: push only
    where a pull request can be opened; `note`: text of the user's own for its body.
    """

    title: str | None = None
    note: str | None = None
    evidence: Evidence | None = None
    remote: str = "origin"
    base: str | None = None
    repo: str | None = None
    push: bool = True
    open_pr: bool = True
    needs_forge: bool = False
    is_draft: bool = True
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    allow_workflows: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What the edge of the process knows: the environment (tokens), a folder for state, the API's
    address."""

    environ: Mapping[str, str] = field(repr=False)
    state: Path
    github_url: str | None = None
    pace: Pace | None = None

    @classmethod
    def of(cls, settings: Settings, environ: Mapping[str, str]) -> Context:
        """From the settings of this process."""
        return cls(dict(environ), settings.home, settings.github_url)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was done, or in a dry run what would be: one line per step."""

    state: DeliveryResult
    branch: str
    commit: str | None = None
    base: str | None = None
    pull: PullRequest | None = None
    steps: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
