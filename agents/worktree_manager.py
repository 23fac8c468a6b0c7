"""Worktree Manager: makes, lists, cleans up and brings back worktrees without losing a byte."""

from __future__ import annotations

import os

from sweeptree.engine.agent_runs import agent
from sweeptree.settings import Settings
from sweeptree.supervise.environment import without_own_venv
from sweeptree.worktrees.manager.report import ManagerReport, ManagerSpec, manage


@agent("worktree-manager")
def worktree_manager(spec: ManagerSpec) -> ManagerReport:
    """Do one thing with the worktrees of a repository; what only a worktree has is saved first.

    A dry run is the default of remove and clean.
    """
    environment = without_own_venv(os.environ)
    return manage(spec, environment=environment, ports_folder=Settings().home / "ports")
