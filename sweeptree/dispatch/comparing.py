"""What of the wanted files stands in a repository, and what writing them would change."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sweeptree.dispatch.marks import is_as_written, marked, with_section, with_server
from sweeptree.dispatch.values import Keeping, WantedFile
from sweeptree.errors import Refused

_MAX_BYTES = 4 * 1024 * 1024


class Change(StrEnum):
    """What writing a file would do.

    `stale`: ours, of another version; `edited`: ours, changed by a person; `blocked`: something
    else stands there, or it cannot be read.
    """

    NEW = "new"
    SAME = "same"
    STALE = "stale"
    EDITED = "edited"
    KEPT = "kept"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Planned:
    """A wanted file, what it would change, and the whole text that would stand then."""

    file: WantedFile
    change: Change
    text: str
    why: str = ""


def compare(top: Path, files: Iterable[WantedFile]) -> tuple[Planned, ...]:
    """Look at each file below `top`; writes nothing. A link on the way is never followed.

    Raises Refused for a folder that leads out of the repository.
    """
    return tuple(_planned(top, file) for file in files)


def _planned(top: Path, file: WantedFile) -> Planned:
    _refuse_links(top, file.path)
    path = top / file.path
    try:
        status = path.lstat()
    except FileNotFoundError:
        return Planned(file, Change.NEW, _fresh(file))
    except NotADirectoryError:
        return Planned(file, Change.BLOCKED, "", "a file stands where its folder should be")
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
        return Planned(file, Change.BLOCKED, "", "it is not a plain small file")
    return _beside(file, path)


def _refuse_links(top: Path, path: str) -> None:
    for parent in (top / path).parents:
        if parent == top:
            return
        if parent.is_symlink():
            raise Refused(
                f"{parent} is a link: sweeptree writes only into the repository itself",
                hint=f"rm {parent}   or leave that part out with --only",
            )


def _fresh(file: WantedFile) -> str:
    if file.keeping is Keeping.OURS:
        return marked(file.path, file.text)
    if file.keeping is Keeping.SECTION:
        return with_section("", file.text)
    return file.text


def _beside(file: WantedFile, path: Path) -> Planned:
    try:
        standing = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Planned(file, Change.BLOCKED, "", f"it cannot be read: {error}")
    if file.keeping is Keeping.YOURS:
        return Planned(file, Change.KEPT, standing)
    if file.keeping is Keeping.OURS:
        return _ours(file, standing)
    return _merged(file, standing)


def _ours(file: WantedFile, standing: str) -> Planned:
    wanted = marked(file.path, file.text)
    if standing == wanted:
        return Planned(file, Change.SAME, wanted)
    change = Change.STALE if is_as_written(standing) else Change.EDITED
    return Planned(file, change, wanted)


def _merged(file: WantedFile, standing: str) -> Planned:
    if file.keeping is Keeping.SECTION:
        merged: str | None = with_section(standing, file.text)
    else:
        merged = with_server(standing, file.text)
    if merged is None:
        return Planned(file, Change.BLOCKED, "", "it is no JSON object with mcpServers")
    return Planned(file, Change.SAME if merged == standing else Change.STALE, merged)
