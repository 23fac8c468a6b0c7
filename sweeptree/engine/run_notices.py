"""Tells people how a deployment's run ended, as the repository's sweeptree.toml says.

A command tells by itself (`cli.telling`); a run that a schedule or the Prefect UI started has
nobody but this. What goes wrong here is a warning in the run's log, whatever it is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from prefect.context import FlowRunContext
from prefect.logging import get_run_logger

from sweeptree.errors import SweeptreeError
from sweeptree.model.report import ReportState
from sweeptree.publish.notify import Recipients, from_section, notice_of, send
from sweeptree.system.toml_files import nearest, read_toml

OPTIONS_FILE = "sweeptree.toml"


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended; `results`: where those of a sweep are."""

    name: str
    state: ReportState
    reason: str
    results: Path | None = None


def tell_if_deployed(end: RunEnd, repo: Path | None = None) -> None:
    """Tell, where a deployment started this very run; `repo`: any folder of the repository."""
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or run.deployment_id is None:
        return
    for trouble in tell(end, (repo or Path()).resolve()):
        get_run_logger().warning("%s", trouble)


def tell(end: RunEnd, folder: Path) -> list[str]:
    """Tell whom the file of the repository at `folder` names; returns a line for each trouble."""
    try:
        recipients = _recipients(folder)
        troubles = [f"{OPTIONS_FILE} names ${each}, not set here" for each in recipients.missing]
        if not recipients:
            return troubles
        notice = notice_of(end.name, end.state, end.reason, results=end.results)
        return [*troubles, *send(notice, recipients)]
    except SweeptreeError as error:
        return [error.message]
    except Exception as error:  # its text may hold an address
        return [f"nobody was notified: {type(error).__name__}"]


def _recipients(folder: Path) -> Recipients:
    path = nearest(OPTIONS_FILE, folder)
    if path is None:
        return Recipients()
    section = read_toml(path).get("notify", {})
    return from_section(section if isinstance(section, dict) else {}, OPTIONS_FILE, os.environ)
