"""The verb: which checks are made, in which order, and how they are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from sweeptree.cli.commands.doctor.checkout import check_repository
from sweeptree.cli.commands.doctor.finding import Finding
from sweeptree.cli.commands.doctor.hosts import check_hosts
from sweeptree.cli.commands.doctor.machine import CHECKS, check_quarantine
from sweeptree.cli.options import FLAG
from sweeptree.cli.screens.terminal import write_out
from sweeptree.errors import SweeptreeError

_Check = Callable[[], Iterable[Finding]]


def doctor(
    *,
    repair: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Check git, Python, GPUs, disk, the Prefect server, tokens and the repository.

    Exit code 1 when one fails.

    Parameters
    ----------
    repair
        Put right what crashes have left: half-made worktrees, stale records, processes without a
        keeper, dead places in the queue for GPU slots, the note of a dead server, its broken
        database; and give quarantined GPUs out again.
    as_json
        Print one JSON document.
    """
    findings = _findings(repair=repair)
    if as_json:
        document = {"checks": [asdict(finding) for finding in findings]}
        write_out(json.dumps(document, indent=1) + "\n")
    else:
        write_out("".join(finding.shown for finding in findings))
    return int(any(finding.level == "fail" for finding in findings))


def _findings(*, repair: bool) -> list[Finding]:
    checks: list[tuple[str, _Check]] = [
        *CHECKS,
        ("hosts", check_hosts),
        ("quarantine", lambda: check_quarantine(repair=repair)),
        ("repository", lambda: check_repository(repair=repair)),
        ("remains", lambda: _remains(repair=repair)),
    ]
    return [finding for name, check in checks for finding in _guarded(name, check)]


def _guarded(name: str, check: _Check) -> list[Finding]:
    """A check that cannot be made is itself a finding."""
    try:
        return list(check())
    except SweeptreeError as error:
        return [Finding(name, "fail", error.message, "; ".join(error.hint))]
    except OSError as error:
        return [Finding(name, "fail", f"cannot be checked: {error}")]


def _remains(*, repair: bool) -> Iterable[Finding]:
    from sweeptree.cli.commands.doctor.remains import remains

    return remains(repair=repair)
