"""The small programs with one bug each in repair_programs/, and their files as a repository's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "repair_programs"
MODULE, TESTS = "program.py", "test_program.py"
_HEAD = re.compile(r"^=== (?P<name>\w+) \| (?P<kind>.+)$", re.MULTILINE)
_PARTS = ("--- fix\n", "--- tests\n", "--- held out\n")
_RAISES = '''

def raises(error, function, *arguments):
    """Whether the call raises the error."""
    try:
        function(*arguments)
    except error:
        return True
    return False
'''


@dataclass(frozen=True, slots=True)
class SingleBug:
    """One program: as it is, as it should be, and the expressions that tell them apart."""

    name: str
    kind: str
    domain: str
    buggy: str
    fixed: str
    tests: tuple[str, ...]
    held_out: tuple[str, ...]

    def write(self, folder: Path) -> None:
        """Make the module with its bug and the tests that a search may see."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MODULE).write_text(self.buggy)
        (folder / TESTS).write_text(test_module(self.tests))

    def node_ids(self) -> tuple[str, ...]:
        """The tests by pytest's names."""
        return tuple(f"{TESTS}::test_{number}" for number in range(len(self.tests)))


def test_module(expressions: tuple[str, ...]) -> str:
    """A test file with one test for each expression."""
    tests = (
        f"\n\ndef test_{number}():\n    assert {text}\n" for number, text in enumerate(expressions)
    )
    return "import program\nfrom program import *\n" + _RAISES + "".join(tests)


test_module.__test__ = False  # type: ignore[attr-defined]


def single_bugs() -> list[SingleBug]:
    """Every program, by domain."""
    return [bug for file in sorted(FOLDER.glob("*.txt")) for bug in _in_file(file)]


def _in_file(file: Path) -> list[SingleBug]:
    pieces = _HEAD.split(file.read_text())[1:]
    each = zip(pieces[0::3], pieces[1::3], pieces[2::3], strict=True)
    return [_parsed(name, kind, file.stem, text.lstrip("\n")) for name, kind, text in each]


def _parsed(name: str, kind: str, domain: str, text: str) -> SingleBug:
    parts = []
    for mark in _PARTS:
        part, _, text = text.partition(mark)
        parts.append(part)
    buggy, fix, tests = parts
    fixed = _apply(buggy, fix)
    return SingleBug(
        name, kind, domain, buggy, fixed, tuple(tests.splitlines()), tuple(text.splitlines())
    )


def _apply(buggy: str, fix: str) -> str:
    old = _lines_of(fix, "- ")
    if f"\n{old}" not in f"\n{buggy}":
        raise ValueError(f"not in the program:\n{old}")
    return f"\n{buggy}".replace(f"\n{old}", f"\n{_lines_of(fix, '+ ')}", 1)[1:]


def _lines_of(fix: str, mark: str) -> str:
    return "".join(line[2:] + "\n" for line in fix.splitlines() if line.startswith(mark))
