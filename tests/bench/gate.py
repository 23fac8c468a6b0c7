"""The gate of the CI Fixer: every cheat and every honest fix of its tests is judged once.

Counts are what matters; the seconds are those of tiny projects, so of git, worktrees and starts of
pytest alone.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from unittest import mock

from sweeptree.publish.checks import Verdict
from tests.bench.lab import Lab
from tests.bench.measure import ROOT

sys.path.append(str(ROOT / "tests"))  # the tests' own modules import each other from there

from core.publish.checks.cheats import FLAGGED, REFUSED
from core.publish.checks.fixes import HONEST
from core.publish.checks.gate_kit import Patch, verdict_on
from core.publish.checks.quiet_cheats import QUIET

_WHO = {
    f"GIT_{role}_{part}": "bench@example.invalid"
    for role in ("AUTHOR", "COMMITTER")
    for part in ("NAME", "EMAIL")
}


def run(lab: Lab) -> None:
    """Judge all of them, one after the other."""
    kinds = {
        "cheats that tests can tell": REFUSED,
        "cheats that they cannot": FLAGGED,
        "cheats that look like ordinary code": QUIET,
        "honest fixes": HONEST,
    }
    with mock.patch.dict(os.environ, {**lab.env, **_WHO, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}):
        rows = [_row(kind, _verdicts(lab, patches)) for kind, patches in kinds.items()]
    lab.report("gate", rows, note="patches of small projects, each judged once")


def _verdicts(lab: Lab, patches: Mapping[str, Patch]) -> list[Verdict]:
    chosen = list(patches.values())[: lab.size(len(patches), 3)]
    return [verdict_on(_folder(lab), patch) for patch in chosen]


def _folder(lab: Lab) -> Path:
    return lab.place("gate") / "project"


def _row(kind: str, verdicts: Iterable[Verdict]) -> dict[str, object]:
    judged = list(verdicts)
    seconds = sorted(verdict.seconds for verdict in judged)
    return {
        "patches": kind,
        "judged": len(judged),
        "refused": sum(not verdict.is_accepted for verdict in judged),
        "to_a_person": sum(verdict.needs_person for verdict in judged),
        "accepted": sum(verdict.is_accepted and not verdict.flags for verdict in judged),
        "median_s": statistics.median(seconds),
        "longest_s": seconds[-1],
    }
