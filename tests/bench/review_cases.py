"""Changes that the reviewer is graded on: planted defects and clean ones (review_cases.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_suffix(".yaml")
_SHAPES = {
    "{AWS}": "AKIA" + "Q3EGQ7TYUKMNB2LA",
    "{GITHUB}": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "{BEGIN}": "-----BEGIN",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """New text in place of an old one; without an old one at the end of the file."""

    file: str
    new: str
    old: str = ""

    def applied_to(self, text: str) -> str:
        """The text after the edit."""
        if not self.old:
            return text + self.new
        assert text.count(self.old) == 1, (self.file, self.old)
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Case:
    """One change. `path` and `at`: where the defect is; both empty for a clean change.

    `also`: pieces of what else is truly the matter, which the defect brings along.
    """

    name: str
    kind: str
    edits: tuple[Edit, ...]
    path: str = ""
    at: str = ""
    also: tuple[str, ...] = ()

    def applied_to(self, project: Mapping[str, str]) -> dict[str, str]:
        """The project's files after the change."""
        files = dict(project)
        for edit in self.edits:
            files[edit.file] = edit.applied_to(files.get(edit.file, ""))
        return files


def _case(item: Mapping[str, Any]) -> Case:
    edits = tuple(Edit(**{**edit, "new": _with_secrets(edit["new"])}) for edit in item["edits"])
    place = item.get("path", ""), item.get("at", "")
    return Case(item["name"], item["kind"], edits, *place, also=tuple(item.get("also", ())))


def _with_secrets(text: str) -> str:
    for name, shape in _SHAPES.items():
        text = text.replace(name, shape)
    return text


_DOCUMENT = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
PROJECT: dict[str, str] = _DOCUMENT["project"]
PLANTED = tuple(map(_case, _DOCUMENT["planted"]))
CLEAN = tuple(map(_case, _DOCUMENT["clean"]))
