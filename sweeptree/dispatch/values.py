"""A file that a repository is to have, and how it is kept once it stands there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What a file serves; `--only` names one."""

    CHAT = "chat"
    NIGHTLY = "nightly"
    SHIMS = "shims"
    OPTIONS = "options"


class Keeping(StrEnum):
    """Whose a file is once it stands.

    `yours`: written once, then never touched; `ours`: kept as it should be unless a person changed
    it; `section`: a part of a file between two marks; `entry`: one key of a JSON file.
    """

    YOURS = "yours"
    OURS = "ours"
    SECTION = "section"
    ENTRY = "entry"


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file below the top of a repository; `text` of an entry is the JSON of the whole file."""

    path: str
    text: str
    part: Part
    keeping: Keeping
    is_executable: bool = False
