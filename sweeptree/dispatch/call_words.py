"""Arguments of a tool as words of a command line, and what is refused on the way there.

Hides that no value can become an option: an option and its value are one word (`--base=-x`), and
what has no option's name stands behind `--`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sweeptree.errors import UsageError


def words_of(
    verb: Iterable[str], options: Mapping[str, object], subjects: Iterable[object] = ()
) -> tuple[str, ...]:
    """The words after `sweeptree`: a verb, its options by name, and what it is about."""
    given = [word for name, value in options.items() for word in _option(name, value)]
    behind = [str(each) for each in subjects if each is not None]
    return (*verb, *given, *(["--", *behind] if behind else []))


def _option(name: str, value: object) -> list[str]:
    """One option. A truth value is always written out: a repository's sweeptree.toml may say the
    opposite, and what was asked for here must hold."""
    match value:
        case None:
            return []
        case bool():
            return [f"--{name}={'true' if value else 'false'}"]
        case tuple() | list():
            return [f"--{name}={_plain(each)}" for each in value]
    return [f"--{name}={_plain(value)}"]


def _plain(value: object) -> str:
    text = str(value)
    if "\0" in text:
        raise UsageError("an argument holds a NUL byte", hint="leave it out")
    return text


def below(top: Path, path: Path, what: str) -> Path:
    """A path of the repository, absolute. Raises UsageError for one that leads out of it."""
    place = (top / path).resolve()
    if place.is_relative_to(top.resolve()):
        return place
    raise UsageError(
        f"{what}: {path} is outside the repository {top}",
        hint="name a path below it, or use the command line",
    )
