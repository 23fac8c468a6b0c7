"""Type errors that the change brought, wherever they show: a changed signature breaks far callers.

By the checker that the repository configures (mypy, pyright), else by ty. Mypy loads plugins that
the code under review names, so it does not run on a stranger's code.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from sweeptree.review.change import Change
from sweeptree.review.tools import ToolTrouble, environments, find_tool, json_of, run_tool
from sweeptree.review.values import CheckResult, Finding, Severity, not_run
from sweeptree.system.scratch import scratch_folder

NAME = "types"
_MYPY = re.compile(
    r"(?P<path>[^:\n]+):(?P<line>\d+):(?:\d+:)? error: (?P<text>.*?)(?:  \[(?P<rule>[\w-]+)\])?$",
    re.MULTILINE,
)
# A module that is not installed here may well be where the code runs.
_IMPORTS = ("import-not-found", "unresolved-import", "import-untyped", "reportMissingImports")
_UNSURE = (
    "possibly-", "redundant-", "unused-", "deprecated", "division-by-zero", "unsupported-base",
    "reportMissingModuleSource", "reportMissingTypeStubs", "unresolved-global",
)  # fmt: skip


_UNREADABLE = "io"  # ty: a file that is no UTF-8, or has such a name


class Checker(StrEnum):
    """The type checkers that are understood."""

    MYPY = "mypy"
    PYRIGHT = "pyright"
    TY = "ty"


def check_types(change: Change, *, is_strangers: bool = False) -> CheckResult:
    """Type errors of the whole repository, at head and base."""
    if not change.python_files and not any(file.is_python for file in change.files):
        return not_run(NAME, "no Python file changed")
    checker = configured_checker(change.head_top)
    if checker is not Checker.TY and is_strangers:
        checker = Checker.TY
    program = find_tool(checker.value, *change.homes)
    if program is None:
        return not_run(NAME, f"{checker.value} is not installed: pip install {checker.value}")
    if is_strangers:
        _set_own_settings_aside(change)
    try:
        with scratch_folder("types") as folder:
            cache = str(folder)
            base = _errors(checker, program, change, change.base_top, cache)
            head = _errors(checker, program, change, change.head_top, cache)
    except ToolTrouble as trouble:
        return not_run(NAME, str(trouble))
    return CheckResult(NAME, head, base, note=checker.value)


def configured_checker(top: Path) -> Checker:
    """The type checker that the repository configures; ty where it configures none."""
    tools = _tool_tables(top / "pyproject.toml")
    if "mypy" in tools or (top / "mypy.ini").is_file() or (top / ".mypy.ini").is_file():
        return Checker.MYPY
    if _has_section(top / "setup.cfg", "mypy"):
        return Checker.MYPY
    if {"pyright", "basedpyright"} & set(tools) or (top / "pyrightconfig.json").is_file():
        return Checker.PYRIGHT
    return Checker.TY


def _tool_tables(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    tools = table.get("tool", {})
    return tools if isinstance(tools, dict) else {}


def _has_section(file: Path, name: str) -> bool:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return False
    return parser.has_section(name)


def _errors(
    checker: Checker, program: str, change: Change, top: Path, cache: str
) -> tuple[Finding, ...]:
    found = {Checker.MYPY: _by_mypy, Checker.PYRIGHT: _by_pyright, Checker.TY: _by_ty}[checker]
    return tuple(_judged(each, change) for each in found(program, change, top, cache))


def _judged(finding: Finding, change: Change) -> Finding:
    """Doubtful kinds warn; so does the import of what only the experiment's machine may have."""
    if finding.rule in _IMPORTS and not _is_ours(finding, change):
        return replace(finding, severity=Severity.WARNING)
    if finding.rule.startswith(_UNSURE):
        return replace(finding, severity=Severity.WARNING)
    return finding


def _is_ours(finding: Finding, change: Change) -> bool:
    """Whether the module that was not found would be one of the repository's own."""
    named = re.search(r"[`\"']([\w.]+)[`\"']", finding.message)
    if named is None:
        return False
    first = named[1].partition(".")[0]
    places = (change.head_top, change.head_top / "src")
    return any((top / first).is_dir() or (top / f"{first}.py").is_file() for top in places)


def _type_error(checker: Checker, path: str, line: int, rule: str, text: str) -> Finding:
    return Finding(path, line, rule, checker.value, Severity.BLOCKER, text, is_apart=True)


def _by_mypy(program: str, change: Change, top: Path, cache: str) -> Iterator[Finding]:
    words = (
        "--no-error-summary", "--no-pretty", "--hide-error-context", "--show-error-codes",
        "--no-color-output", f"--cache-dir={cache}",
    )  # fmt: skip
    python = _python_of(change)
    interpreter = (f"--python-executable={python}",) if python else ()
    targets = () if _mypy_knows_its_files(top) else (".",)
    answer = run_tool([program, *words, *interpreter, *targets], top)
    if answer.code not in (0, 1):
        last = (answer.err or answer.out).strip().splitlines() or ["it printed nothing"]
        raise ToolTrouble(f"mypy ended with code {answer.code}: {last[-1][:200]}")
    for match in _MYPY.finditer(answer.out):
        rule = match["rule"] or "error"
        yield _type_error(Checker.MYPY, match["path"], int(match["line"]), rule, match["text"])


def _mypy_knows_its_files(top: Path) -> bool:
    table = _tool_tables(top / "pyproject.toml").get("mypy", {})
    if isinstance(table, dict) and {"files", "packages", "modules"} & set(table):
        return True
    names = ("mypy.ini", ".mypy.ini", "setup.cfg")
    texts = [file.read_text("utf-8", "replace") for name in names if (file := top / name).is_file()]
    return any(re.search(r"^(files|packages|modules)\s*=", text, re.MULTILINE) for text in texts)


def _by_ty(program: str, change: Change, top: Path, cache: str) -> Iterator[Finding]:  # noqa: ARG001
    python = _python_of(change)
    interpreter = ("--python", python) if python else ()
    options = ("--output-format", "gitlab", "--exit-zero", "--no-progress", "--color", "never")
    _mark_as_project(top)
    items = json_of(run_tool([program, "check", *options, *interpreter, "."], top), "ty")
    for item in items:
        place, rule = item["location"], str(item["check_name"])
        if rule == _UNREADABLE:
            continue
        text = str(item["description"]).removeprefix(f"{rule}: ")
        line = int(place["positions"]["begin"]["line"])
        finding = _type_error(Checker.TY, str(place["path"]), line, rule, text)
        is_error = item["severity"] in ("major", "critical", "blocker")
        yield finding if is_error else replace(finding, severity=Severity.WARNING)


def _mark_as_project(top: Path) -> None:
    """The worktree lies inside the user's checkout, whose project ty would take for this one's."""
    if "ty" not in _tool_tables(top / "pyproject.toml"):
        (top / "ty.toml").touch()


def _set_own_settings_aside(change: Change) -> None:
    """A stranger's settings could name folders of the user's, whose text findings would quote."""
    for top in (change.base_top, change.head_top):
        (top / "ty.toml").unlink(missing_ok=True)
        (top / "ty.toml").touch()


def _by_pyright(program: str, change: Change, top: Path, cache: str) -> Iterator[Finding]:  # noqa: ARG001
    python = _python_of(change)
    interpreter = ("--pythonpath", python) if python else ()
    report = json_of(run_tool([program, "--outputjson", *interpreter], top), "pyright")
    for item in report.get("generalDiagnostics", ()):
        if item.get("severity") != "error":
            continue
        file = Path(item["file"])
        path = file.relative_to(top).as_posix() if file.is_relative_to(top) else str(file)
        line = int(item["range"]["start"]["line"]) + 1
        rule, text = str(item.get("rule") or "error"), str(item["message"]).replace("\n", " ")
        yield _type_error(Checker.PYRIGHT, path, line, rule, text)


def _python_of(change: Change) -> str | None:
    """The interpreter whose packages the code sees, where the repository has an environment."""
    found = environments(*change.homes)
    return str(found[0] / "bin" / "python") if found else None
