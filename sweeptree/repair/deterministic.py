"""The first rung: repairs to which there is only one answer. No model, no search, seconds.

Conflict markers, an import whose name exactly one module of the repository defines, ruff's safe
fixes and format, and the repository's pre-commit, on changed files only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.repair import conflicts, missing_imports
from sweeptree.repair.conflicts import Side
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.proposal import Budget, Proposal, RungName
from sweeptree.repair.tools import own_files, tidy
from sweeptree.repository import Repository, worktree_patches

_MOST_BYTES = 1024**2
_ONE_SIDE = "side of a conflict"


@dataclass(frozen=True, slots=True)
class Deterministic:
    """The rung in this repository, at this commit."""

    repo: Repository
    commit: str

    def propose(self, report: FailureReport, top: Path, budget: Budget) -> tuple[Proposal, ...]:
        """Patches in the order in which they are worth trying; each stands for itself."""
        found = list(self._sides(report, top))
        imports = self._imports(report, top)
        if imports is not None:
            found.append(imports)
        tidied = self._tidied(report, top, budget)
        if tidied is not None and tidied.patch not in {each.patch for each in found}:
            found.append(tidied)
        return tuple(found)

    def _sides(self, report: FailureReport, top: Path) -> Iterator[Proposal]:
        files = {path: data for path, data in _texts(report, top) if conflicts.has_conflict(data)}
        if not files:
            return
        names = ", ".join(sorted(files))
        for side in Side:
            for path, data in files.items():
                (top / path).write_bytes(conflicts.resolved(data, side))
            note = f"the conflict markers in {names} resolved to {side.value}"
            yield Proposal(RungName.DETERMINISTIC, self._patch(top), note, exclusive=_ONE_SIDE)
        for path, data in files.items():
            (top / path).write_bytes(data)

    def _imports(self, report: FailureReport, top: Path) -> Proposal | None:
        """Stays in the files: what is tidied afterwards has the imports too."""
        notes = []
        for missing in missing_imports.missing_names(report.real):
            if not own_files(top, [missing.path]):
                continue
            module = missing_imports.defining_module(top, report.files, missing)
            if module is not None and _put_in(top, missing, module):
                notes.append(f"{missing.path} imports {missing.name} from {module}")
        if not notes:
            return None
        return Proposal(RungName.DETERMINISTIC, self._patch(top), "; ".join(notes))

    def _tidied(self, report: FailureReport, top: Path, budget: Budget) -> Proposal | None:
        done = tidy(top, report.changed, self.repo.top, budget.left)
        patch = self._patch(top)
        if not patch:
            return None
        return Proposal(RungName.DETERMINISTIC, patch, "; ".join(done.notes), done.seconds)

    def _patch(self, top: Path) -> bytes:
        return worktree_patches.patch_of_files(top, self.commit)


def _texts(report: FailureReport, top: Path) -> Iterator[tuple[str, bytes]]:
    """The changed files and those that the tests ended in, as far as they are of a sensible
    size."""
    frames = [case.frame.path for case in report.real if case.frame is not None]
    for path in own_files(top, list(dict.fromkeys([*report.changed, *frames]))):
        if (top / path).stat().st_size <= _MOST_BYTES:
            yield path, (top / path).read_bytes()


def _put_in(top: Path, missing: missing_imports.Missing, module: str) -> bool:
    file = top / missing.path
    try:
        text = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return False
    new = missing_imports.with_import(text, missing, module)
    if new is None:
        return False
    file.write_bytes(new.encode())
    return True
