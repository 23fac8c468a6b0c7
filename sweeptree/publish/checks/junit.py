"""JUnit XML, the layer that test runners of all languages have in common.

Format: https://github.com/testmoapp/junitxml. Hides: its dialects, and where a command left its
files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from sweeptree.publish.checks.results import CaseState, TestCase

_MOST_FILES = 200
_MOST_BYTES = 32 * 1024 * 1024
_MOST_TEXT = 8000
_MOST_LINE = 500
_NOT_ENTERED = {".git", ".sweeptree", ".venv", "node_modules", "site-packages", "__pycache__"}
_STATES = {
    "failure": CaseState.FAILED,
    "error": CaseState.ERROR,
    "skipped": CaseState.SKIPPED,
}


def junit_variables(folder: Path) -> dict[str, str]:
    """Variables by which runners that know them write their results into a folder.

    gotestsum; jest-junit; mocha-junit-reporter. All others are found by their files.
    """
    return {
        "GOTESTSUM_JUNITFILE": str(folder / "gotestsum.xml"),
        "JEST_JUNIT_OUTPUT_FILE": str(folder / "jest.xml"),
        "MOCHA_FILE": str(folder / "mocha.xml"),
    }


def find_cases(folders: tuple[Path, ...], since: int) -> tuple[TestCase, ...]:
    """The cases in all JUnit files below the folders that were written after `since` (ns)."""
    files = [file for folder in folders for file in _new_files(folder, since)]
    cases = [case for file in files[:_MOST_FILES] for case in read_cases(file)]
    return tuple({case.node_id: case for case in cases}.values())


def _new_files(folder: Path, since: int) -> Iterator[Path]:
    for parent, names, files in os.walk(folder):
        names[:] = sorted(set(names) - _NOT_ENTERED)
        for name in sorted(files):
            file = Path(parent, name)
            if name.endswith(".xml") and _is_new(file, since):
                yield file


def _is_new(file: Path, since: int) -> bool:
    status = file.lstat()
    is_plain = not file.is_symlink() and file.is_file()
    return is_plain and status.st_mtime_ns >= since and status.st_size <= _MOST_BYTES


def read_cases(file: Path) -> tuple[TestCase, ...]:
    """The cases in one JUnit file; none when it is something else, or broken."""
    data = file.read_bytes()
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        return ()
    try:
        root = ET.fromstring(data)  # noqa: S314 - no entities, see above
    except ET.ParseError:
        return ()
    if root.tag not in ("testsuites", "testsuite"):
        return ()
    return tuple(_case(element) for element in root.iter("testcase"))


def _case(element: ET.Element) -> TestCase:
    trouble = next((child for child in element if child.tag in _STATES), None)
    where = element.get("file") or element.get("classname") or ""
    name = element.get("name") or ""
    output = "".join(element.findtext(tag) or "" for tag in ("system-out", "system-err"))
    return TestCase(
        node_id=f"{where}::{name}" if where else name,
        state=CaseState.PASSED if trouble is None else _STATES[trouble.tag],
        message=_message(trouble),
        trace="" if trouble is None else (trouble.text or "")[-_MOST_TEXT:],
        output="" if trouble is None else output[-_MOST_TEXT:],
        seconds=_seconds(element.get("time")),
    )


def _message(trouble: ET.Element | None) -> str:
    if trouble is None:
        return ""
    text = trouble.get("message") or trouble.text or ""
    lines = text.strip().splitlines()
    return lines[0][:_MOST_LINE] if lines else ""


def _seconds(text: str | None) -> float:
    try:
        return float((text or "0").replace(",", ""))
    except ValueError:
        return 0.0
