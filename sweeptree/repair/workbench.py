"""The tools that a model gets: read, grep, edit and run the failing tests, in one worktree.

They are all that it can do. Hides: that no path leads out of the worktree, that tests and their
configuration cannot be edited, and that answers are bounded. A mistake is an answer in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.publish.checks import TestResults

_MOST_LINES, _MOST_HITS, _LINE = 400, 100, 300
_MOST_BYTES = 1024**2
_MOST_FAILING = 10
_TRACE = 1500
RunTests = Callable[[], TestResults]
IsProtected = Callable[[str], bool]


class Mistake(Exception):  # noqa: N818 - what the model did
    """A call that cannot be carried out, in words for the model."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """One worktree and its files.

    `run`: runs the failing tests in it; `is_protected`: whether a file may not be changed.
    """

    top: Path
    files: tuple[str, ...]
    run: RunTests
    is_protected: IsProtected

    def read(self, path: str, first: int = 1, last: int = 200) -> str:
        """Read the lines `first` to `last` of a file, each with its number in front."""
        lines = self._text(path).splitlines()
        begin, end = max(1, first), min(last, first + _MOST_LINES - 1, len(lines))
        shown = [f"{number}: {lines[number - 1]}" for number in range(begin, end + 1)]
        return "\n".join([*shown, f"({len(lines)} lines in all)"])

    def grep(self, pattern: str, folder: str = "") -> str:
        """Find a Python regular expression in the repository's files below a folder."""
        try:
            wanted = re.compile(pattern)
        except re.error as error:
            raise Mistake(f"the pattern is no regular expression: {error}") from error
        hits: list[str] = []
        for hit in self._hits(wanted, folder.strip("/")):
            hits.append(hit[:_LINE])
            if len(hits) == _MOST_HITS:
                return "\n".join([*hits, "(more are not shown)"])
        return "\n".join(hits) or "nothing was found"

    def edit(self, path: str, old: str, new: str) -> str:
        """Replace the one place where a file holds `old` by `new`. An empty `old` makes a new
        file."""
        if self.is_protected(path):
            raise Mistake(f"{path} belongs to the tests or their configuration: it stays as it is")
        file = self._inside(path)
        if not old:
            return self._new_file(file, path, new)
        text = self._text(path)
        count = text.count(old)
        if count != 1:
            raise Mistake(f"the old text stands {count} times in {path}; it must be there once")
        file.write_bytes(text.replace(old, new).encode())
        return f"changed {path}"

    def run_failing_tests(self) -> str:
        """Run the failing tests on the files as they are now."""
        results = self.run()
        if results.is_green:
            return "all of them pass"
        return "\n\n".join(_failing(results)) or results.tail[-_TRACE:]

    def _new_file(self, file: Path, path: str, text: str) -> str:
        if file.exists():
            raise Mistake(f"{path} exists: give the old text that is to be replaced")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return f"made {path}"

    def _hits(self, wanted: re.Pattern[str], folder: str) -> Iterator[str]:
        for path in self.files:
            if folder and not path.startswith(f"{folder}/") and path != folder:
                continue
            try:
                lines = self._text(path).splitlines()
            except Mistake:
                continue
            for number, line in enumerate(lines, start=1):
                if wanted.search(line):
                    yield f"{path}:{number}: {line}"

    def _text(self, path: str) -> str:
        file = self._inside(path)
        try:
            if file.stat().st_size > _MOST_BYTES:
                raise Mistake(f"{path} is too large")
            return file.read_bytes().decode()
        except OSError as error:
            raise Mistake(f"{path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise Mistake(f"{path} is no text") from error

    def _inside(self, path: str) -> Path:
        """The file, which no link and no `..` leads out of the worktree or into git's folder."""
        root = self.top.resolve()
        file = root / path
        is_inside = "\0" not in path and file.resolve() == file and file.is_relative_to(root)
        if not is_inside or ".git" in file.relative_to(root).parts or file == root:
            raise Mistake(f"{path!r} is not a file of the repository")
        return file


def _failing(results: TestResults) -> Iterator[str]:
    failing = [case for case in results.cases if case.state.is_failing]
    for case in failing[:_MOST_FAILING]:
        yield f"{case.node_id}: {case.message}\n{case.trace[-_TRACE:]}"
