"""The page: all its parts, put into the template.

Hides jinja2 and how the page keeps what it did not write out.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sweeptree.analysis import stats
from sweeptree.analysis.wording import spoken, word
from sweeptree.errors import RecordError
from sweeptree.records import SweepPaths, read_sweep
from sweeptree.report import tables
from sweeptree.report.curves import MAX_CONFIGS, curve_chart
from sweeptree.report.dots import dot_chart
from sweeptree.report.params import HeatMap, Parallel, params_chart, spread_range
from sweeptree.report.sheet import Sheet, read_sheet
from sweeptree.report.timeline import timeline
from sweeptree.report.verdict import verdict
from sweeptree.system.clock import parse_time

_HERE = Path(__file__).parent
_MAX_WARNINGS = 30
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a job's escape codes


def page(paths: SweepPaths, document: Mapping[str, Any]) -> bytes:
    """The page as UTF-8."""
    sheet = read_sheet(document, _sweep_facts(paths))
    style, script = _asset("page.css"), _asset("page.js")
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    text = environment.get_template("page.html.j2").render(
        sheet=sheet,
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        **_told(sheet),
        **_charts(sheet, paths),
    )
    return _CONTROL.sub("?", text.lstrip()).encode("utf-8", "replace") + b"\n"


def _sweep_facts(paths: SweepPaths) -> Mapping[str, Any]:
    try:
        return read_sweep(paths)
    except RecordError:
        return {}


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What the page's security policy knows its own style and script by; a browser runs no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _told(sheet: Sheet) -> dict[str, Any]:
    """The words and tables."""
    causes, more = tables.failures(sheet)
    floors = [row["p_floor"] for row in sheet.comparisons]
    return {
        "facts": _facts(sheet),
        "verdict": verdict(sheet),
        "states": list(_states(sheet).items()),
        "warnings": _warnings(sheet),
        "better": f"{'Less' if sheet.objective and sheet.objective.goal == 'min' else 'More'}",
        "configs": tables.config_table(sheet),
        "floor": f"{stats.least_p(floors):.2g}" if floors else "",
        "jobs": tables.job_table(sheet),
        "failures": causes,
        "more_causes": more,
        "reproduce": tables.reproduce_line(sheet),
        "provenance": tables.provenance(sheet),
        "range": spread_range(sheet.ranked, sheet.objective.name) if sheet.objective else "",
    }


def _facts(sheet: Sheet) -> str:
    """`12 jobs · 3 configs · commit 522d9a5 · 2026-11-25 11:43 UTC`."""
    base, moment = sheet.facts.get("base"), parse_time(sheet.summary.get("timestamp"))
    wall = sheet.summary.get("wall_seconds")
    commit = str(base.get("commit") or "")[:7] if isinstance(base, dict) else ""
    told = [
        _count(len(sheet.jobs), "job"),
        _count(len(sheet.configs), "config"),
        f"commit {commit}" if commit else "",
        f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}" if moment else "",
        f"took {spoken(wall)}" if wall else "",
    ]
    return " · ".join(text for text in told if text)


def _count(many: int, noun: str) -> str:
    return f"{many} {noun}" if many == 1 else f"{many} {noun}s"


def _states(sheet: Sheet) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for state, many in sheet.states.items():
        found[word(state)] += many
    return dict(found)


def _warnings(sheet: Sheet) -> list[str]:
    shown = list(sheet.warnings[:_MAX_WARNINGS])
    left = len(sheet.warnings) - len(shown)
    return [*shown, f"and {left} more in aggregated.json"] if left else shown


def _charts(sheet: Sheet, paths: SweepPaths) -> dict[str, Any]:
    params, lanes = params_chart(sheet), timeline(sheet)
    return {
        "dots": dot_chart(sheet),
        "curves": curve_chart(sheet, paths),
        "max_curves": MAX_CONFIGS,
        "heat": params if isinstance(params, HeatMap) else None,
        "parallel": params if isinstance(params, Parallel) else None,
        "timeline": lanes,
        "took": spoken(lanes.seconds) if lanes else "",
    }
