"""Who is told when a command's run has ended: `--notify`, $SWEEPTREE_NOTIFY, or [notify].

What the command line says wins over the variable, and that over sweeptree.toml.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sweeptree.cli.options_file import NAME, find_options_file
from sweeptree.cli.screens.terminal import say
from sweeptree.model import ExitCode
from sweeptree.model.report import ReportState
from sweeptree.publish.notify import (
    VARIABLE,
    Notice,
    Recipients,
    from_section,
    notice_of,
    send,
    take_from_environment,
)
from sweeptree.records import SweepPaths
from sweeptree.sweep.outcome import state_of


def recipients_here(given: Sequence[str]) -> Recipients:
    """Whom a command tells that was called here; their addresses leave the environment.

    Raises UsageError.
    """
    file = find_options_file(Path.cwd())
    section = from_section(file.notify, NAME, os.environ)
    variable = take_from_environment(os.environ)
    if given:
        return replace(section, urls=tuple(given), source="--notify", missing=())
    if variable:
        return replace(section, urls=variable, source=f"${VARIABLE}", missing=())
    for name in section.missing:
        say(f"! {NAME}: [notify] names ${name}, which is not set")
    return section


def tell_end(recipients: Recipients, paths: SweepPaths, code: int) -> None:
    """Tell how a sweep ended, with this exit code."""
    if recipients:
        state = state_of(ExitCode(code))
        tell(recipients, notice_of(paths.root.name, state, "", results=paths.root))


def tell_trouble(recipients: Recipients, paths: SweepPaths, reason: str) -> None:
    """Tell that a sweep ended without an exit code."""
    if recipients:
        tell(recipients, notice_of(paths.root.name, ReportState.FAILED, reason, results=paths.root))


def tell(recipients: Recipients, notice: Notice) -> None:
    """Send a message; whoever cannot be told is one warning."""
    for trouble in send(notice, recipients):
        say(f"! {trouble}")
