"""Tells people how a deployment's run ended, as the repository's sweeptree.toml says.

A command tells by itself (`cli.telling`); a run that a schedule or the Prefect UI started has
nobody but this. What goes wrong here is a warning in the run's log, whatever it is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Telling:
    """Whom a run tells when it ends, and what was wrong with the file that says so."""

    recipients: Recipients = field(default_factory=Recipients)
    troubles: tuple[str, ...] = ()

    def tell(self, end: RunEnd) -> None:
        """Tell them; trouble is a warning in the run's log."""
        for trouble in [*self.troubles, *self._send(end)]:
            get_run_logger().warning("%s", trouble)

    def _send(self, end: RunEnd) -> list[str]:
        if not self.recipients:
            return []
        notice = notice_of(end.name, end.state, end.reason, results=end.results)
        return send(notice, self.recipients)


def telling_if_deployed(repo: Path | None = None) -> Telling:
    """Whom this very run tells, where a deployment started it; `repo`: a folder of the repository.

    Before anything else is started: the variables that hold addresses leave the environment.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or run.deployment_id is None:
        return Telling()
    return telling((repo or Path()).resolve())


def telling(folder: Path) -> Telling:
    """Whom the file of the repository at `folder` names."""
    try:
        found = _recipients(folder)
    except SweeptreeError as error:
        return Telling(troubles=(error.message,))
    missing = (f"{OPTIONS_FILE} names ${name}, not set here" for name in found.missing)
    return Telling(found, tuple(missing))


def _recipients(folder: Path) -> Recipients:
    path = nearest(OPTIONS_FILE, folder)
    if path is None:
        return Recipients()
    section = read_toml(path).get("notify", {})
    return from_section(section if isinstance(section, dict) else {}, OPTIONS_FILE, os.environ)
