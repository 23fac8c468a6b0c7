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
from sweeptree.analysis.document import Document
from sweeptree.analysis.durations import running_seconds
from sweeptree.analysis.failures import FAILED
from sweeptree.analysis.wording import counted, short_p, spoken, word
from sweeptree.errors import RecordError
from sweeptree.records import SweepPaths, read_sweep
from sweeptree.report import tables
from sweeptree.report.curves import MAX_CONFIGS, curve_chart
from sweeptree.report.dots import dot_chart
from sweeptree.report.importance import LEAST_JOBS, importance
from sweeptree.report.params import HeatMap, Parallel, params_chart, spread_range
from sweeptree.report.sheet import Sheet, read_sheet
from sweeptree.report.timeline import timeline
from sweeptree.report.varying import constant
from sweeptree.report.verdict import verdict
from sweeptree.system.clock import parse_time

_HERE = Path(__file__).parent
_MAX_WARNINGS = 30
_MUCH_LONGER = 1.1
_BAD = frozenset(map(word, FAILED))
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a job's escape codes


def page(paths: SweepPaths, document: Document) -> bytes:
    """The page as UTF-8."""
    sheet = read_page_sheet(paths, document)
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
        **_words(sheet),
        **_charts(sheet, paths),
    )
    return _CONTROL.sub("?", text.lstrip()).encode("utf-8", "replace") + b"\n"


def read_page_sheet(paths: SweepPaths, document: Document) -> Sheet:
    """What the page tells, from an aggregated document and the sweep.json beside it."""
    return read_sheet(document, _sweep_facts(paths))


def _sweep_facts(paths: SweepPaths) -> Mapping[str, Any]:
    try:
        return read_sweep(paths)
    except RecordError:
        return {}


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What the page's security policy knows its style and script by; a browser runs no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _words(sheet: Sheet) -> dict[str, Any]:
    """The words and tables."""
    causes, more = tables.failures(sheet)
    floors = [row.p_floor for row in sheet.comparisons]
    return {
        "facts": _facts(sheet),
        "verdict": verdict(sheet),
        "states": [(state, many, state in _BAD) for state, many in _states(sheet).items()],
        "warnings": _warnings(sheet),
        "better": sheet.objective.better.capitalize() if sheet.objective else "More",
        "configs": tables.config_table(sheet),
        "floor": short_p(stats.least_p(floors)) if floors else "",
        "jobs": tables.job_table(sheet),
        "same": _same(sheet),
        "failures": causes,
        "more_causes": more,
        "reproduce": tables.reproduce_line(sheet),
        "provenance": tables.provenance(sheet),
        "range": spread_range(sheet.ranked, sheet.objective.name) if sheet.objective else "",
    }


def _facts(sheet: Sheet) -> str:
    """`12 jobs · 3 configs · commit 522d9a5 · 2026-11-25 11:43 UTC`."""
    moment, wall = parse_time(sheet.summary.timestamp), sheet.summary.wall_seconds
    commit = (sheet.document.commit or "")[:7]
    facts = [counted(len(sheet.jobs), "job"), counted(len(sheet.configs), "config")]
    if commit:
        facts.append(f"commit {commit}")
    if moment:
        facts.append(f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}")
    if wall:
        facts.append(f"took {spoken(wall)}{_active(sheet, wall)}")
    return " · ".join(facts)


def _active(sheet: Sheet, wall: float) -> str:
    """How long jobs ran, where pauses made the sweep take much longer."""
    active = running_seconds(sheet.jobs)
    is_longer = active is not None and wall >= _MUCH_LONGER * active and wall >= active + 60
    return f", of which jobs ran {spoken(active)}" if is_longer else ""


def _same(sheet: Sheet) -> str:
    """`depth=3 opt=adam`: the parameters that all configs share."""
    shared = constant([config.params for config in sheet.configs])
    return " ".join(f"{name}={value}" for name, value in shared.items())


def _states(sheet: Sheet) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for state, many in sheet.states.items():
        found[word(state)] += many
    return dict(found)


def _warnings(sheet: Sheet) -> list[str]:
    warnings = sheet.document.warnings
    shown = list(warnings[:_MAX_WARNINGS])
    left = len(warnings) - len(shown)
    return [*shown, f"and {left} more in aggregated.json"] if left else shown


def _charts(sheet: Sheet, paths: SweepPaths) -> dict[str, Any]:
    params, lanes = params_chart(sheet), timeline(sheet)
    return {
        "dots": dot_chart(sheet),
        "importance": importance(sheet),
        "least_jobs": LEAST_JOBS,
        "curves": curve_chart(sheet, paths),
        "max_curves": MAX_CONFIGS,
        "heat": params if isinstance(params, HeatMap) else None,
        "parallel": params if isinstance(params, Parallel) else None,
        "timeline": lanes,
        "took": spoken(lanes.seconds) if lanes else "",
    }
