"""Lint by ruff. The repository's own configuration wins; else a selection that finds faults.

The selection was measured on planted defects: all rules at once give five findings for one that
is worth reading. See docs/reviewing.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeptree.review.change import Change, ChangedFile, is_test_path
from sweeptree.review.checks.suggestions import suggestion_of
from sweeptree.review.tools import ToolTrouble, find_tool, json_of, run_tool
from sweeptree.review.values import CheckResult, Finding, Severity, not_run

NAME = "lint"
SELECT = (
    "E4,E7,E9,F,B,S,PERF,ASYNC,PLE,PLW,T10,T20,SIM115,NPY,PD,BLE,RET503,RUF006,RUF009,RUF012,"
    "RUF015,RUF018"
)
EXTRA = "E9,F821,F822,F823,S,PERF"  # what is added to a repository's own selection
_CHUNK = 400  # files in one command line
_NEVER = frozenset({"S101", "S311", "S404", "S603", "S606", "S607", "PLW1510", "PLW1508", "PD901"})
_NOT_IN_TESTS = ("S", "PLR", "E402", "T20", "PLW0603", "B018", "BLE")
_BLOCKERS = frozenset({"F821", "F822", "F823", "invalid-syntax"})
_UNREADABLE = "E902"  # Python reads other encodings than ruff
_FAULT_FAMILIES = frozenset({"F", "B", "S", "PERF", "ASYNC", "PLE", "BLE"})
_FAULTS = frozenset({"E722", "T100", "SIM115", "RET503", "RUF006"})
_NOTES = (
    "F401", "F541", "F841", "B007", "B008", "B009", "B010", "B011", "B024", "B027", "B028", "B034",
    "B904", "B905", "S110", "S112", "S113", "S324", "PERF203", "PERF401", "PERF402", "PERF403",
)  # fmt: skip


def check_lint(change: Change) -> CheckResult:
    """What ruff says of the changed Python files, at head and base."""
    if not change.python_files:
        return not_run(NAME, "no Python file changed")
    ruff = find_tool("ruff", *change.homes)
    if ruff is None:
        return not_run(NAME, "ruff is not installed: pip install ruff")
    try:
        if has_own_config(change.head_top):
            return _by_own_config(ruff, change)
        head = _run(ruff, change, ("--isolated", "--select", SELECT), at_head=True)
        base = _run(ruff, change, ("--isolated", "--select", SELECT), at_head=False)
    except ToolTrouble as trouble:
        return not_run(NAME, str(trouble))
    return CheckResult(NAME, tuple(head), tuple(base), note="ruff, sweeptree's selection")


def has_own_config(top: Path) -> bool:
    """Whether the repository configures ruff."""
    return _own_config(top) is not None


def _own_config(top: Path) -> dict[str, Any] | None:
    """Its settings; empty where they cannot be read, which ruff will say itself."""
    for name in (".ruff.toml", "ruff.toml"):
        if (top / name).is_file():
            return _toml(top / name)
    tools = _toml(top / "pyproject.toml").get("tool", {})
    return tools.get("ruff") if isinstance(tools, dict) else None


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def _unwanted(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The rules that the repository ignores by name: an option of the command line would win."""
    found: list[str] = []
    for table in (config, config.get("lint", {})):
        for key in ("ignore", "extend-ignore"):
            found += [str(rule) for rule in table.get(key, ())]
    return tuple(found)


def _by_own_config(ruff: str, change: Change) -> CheckResult:
    """The repository's rules as they are; security and speed beside them are only notes."""
    unwanted = _unwanted(_own_config(change.head_top) or {})
    both: list[list[Finding]] = []
    for at_head in (True, False):
        own = _run(ruff, change, (), at_head=at_head)
        more = _run(ruff, change, ("--extend-select", EXTRA), at_head=at_head)
        known = {(each.path, each.line, each.rule) for each in own}
        extra = [each for each in more if (each.path, each.line, each.rule) not in known]
        extra = [each for each in extra if not each.rule.startswith(unwanted)]
        both.append([*own, *map(_at_most_a_note, extra)])
    head, base = both
    return CheckResult(NAME, tuple(head), tuple(base), note="ruff, the repository's configuration")


def _at_most_a_note(finding: Finding) -> Finding:
    if finding.severity is Severity.BLOCKER:
        return finding
    return replace(finding, severity=Severity.NOTE)


def _run(ruff: str, change: Change, words: Sequence[str], *, at_head: bool) -> list[Finding]:
    top = change.head_top if at_head else change.base_top
    paths = [file.path for file in change.files if _is_there(file, at_head=at_head)]
    found: list[Finding] = []
    options = ("--output-format", "json", "--no-cache", "--exit-zero", "--force-exclude", "--quiet")
    for first in range(0, len(paths), _CHUNK):
        part = paths[first : first + _CHUNK]
        answer = run_tool([ruff, "check", *options, *words, "--", *part], top)
        items = json_of(answer, "ruff")
        found += [_finding(item, top, change) for item in items if _is_wanted(item, top)]
    return found


def _is_there(file: ChangedFile, *, at_head: bool) -> bool:
    return file.is_python and (file.new if at_head else file.old) is not None


def _is_wanted(item: Mapping[str, Any], top: Path) -> bool:
    rule = _rule(item)
    if rule in _NEVER:
        return False
    path = _path(item, top)
    return not (is_test_path(path) and rule.startswith(_NOT_IN_TESTS))


def _rule(item: Mapping[str, Any]) -> str:
    return str(item.get("code") or "invalid-syntax")


def _path(item: Mapping[str, Any], top: Path) -> str:
    file = Path(str(item["filename"]))
    return file.relative_to(top).as_posix() if file.is_relative_to(top) else file.as_posix()


def _finding(item: Mapping[str, Any], top: Path, change: Change) -> Finding:
    path, rule = _path(item, top), _rule(item)
    line = int(item["location"]["row"])
    fix = item.get("fix") if top == change.head_top else None
    replacement = suggestion_of(fix, change.file(path), line)
    return Finding(
        path=path,
        line=line,
        end=replacement.last if replacement else 0,
        rule=rule,
        tool="ruff",
        severity=severity_of(rule),
        message=str(item["message"]),
        suggestion=replacement.text if replacement else None,
    )


def severity_of(rule: str) -> Severity:
    """How much a rule of ruff weighs: faults warn, taste is a note."""
    if rule == _UNREADABLE:
        return Severity.WARNING
    if rule in _BLOCKERS or rule.startswith("E9"):
        return Severity.BLOCKER
    is_fault = rule in _FAULTS or rule.rstrip("0123456789") in _FAULT_FAMILIES
    return Severity.WARNING if is_fault and rule not in _NOTES else Severity.NOTE
