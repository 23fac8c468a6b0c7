"""Who is told of which ends: from a command line, the environment, or sweeptree.toml.

    [notify]
    urls = ["${TEAM_WEBHOOK}"]     # ${NAME} is an environment variable
    on = ["failed", "needs_you"]   # default: also "finished"

Hides: that a variable which holds an address is taken out of the environment, so that no child
(a job, a server, a worker) inherits it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from sweeptree.errors import UsageError
from sweeptree.publish.notify.notice import Occasion

VARIABLE = "SWEEPTREE_NOTIFY"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_KEYS = ("urls", "on")
ALWAYS = frozenset(Occasion)


@dataclass(frozen=True, slots=True)
class Recipients:
    """Addresses, hidden in repr, and what is told to them.

    `source`: where they were given; `missing`: variables that were named there and are not set.
    """

    urls: tuple[str, ...] = field(default=(), repr=False)
    on: frozenset[Occasion] = ALWAYS
    source: str = ""
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anybody is to be told."""
        return bool(self.urls)

    def as_environment(self) -> dict[str, str]:
        """The same addresses for a child that takes this run over: never as its arguments."""
        return {VARIABLE: json.dumps(self.urls)} if self.urls else {}


def take_from_environment(environ: MutableMapping[str, str]) -> tuple[str, ...]:
    """The addresses in $SWEEPTREE_NOTIFY, which is removed: separated by blanks, or a JSON list."""
    text = environ.pop(VARIABLE, "").strip()
    if not text.startswith("["):
        return tuple(text.split())
    try:
        return tuple(map(str, json.loads(text)))
    except ValueError as error:
        raise UsageError(f"${VARIABLE} is no list of addresses") from error


def from_section(
    section: Mapping[str, object], source: str, environ: MutableMapping[str, str]
) -> Recipients:
    """What the section [notify] says. The variables that it names are removed from `environ`.

    Raises UsageError for a key or a value that cannot be; no message holds an address.
    """
    _refuse_unknown(section, source)
    texts = _words(section.get("urls", []), f"{source}: [notify] urls")
    names = [name for text in texts for name in _REFERENCE.findall(text)]
    values = {name: environ[name] for name in names if environ.get(name)}
    for name in values:
        environ.pop(name, None)
    return Recipients(
        urls=tuple(_filled(text, values) for text in texts if _is_complete(text, values)),
        on=_occasions(section, source),
        source=source,
        missing=tuple(dict.fromkeys(name for name in names if name not in values)),
    )


def _refuse_unknown(section: Mapping[str, object], source: str) -> None:
    for key in section:
        if key in _KEYS:
            continue
        near = difflib.get_close_matches(key, _KEYS, n=1)
        hint = f"did you mean {near[0]}?" if near else "it has urls and on"
        raise UsageError(f"{source}: [notify] has no {key}", hint=hint)


def _words(value: object, what: str) -> Sequence[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise UsageError(f'{what} is a list of texts: ["..."]')
    return value


def _is_complete(text: str, values: Collection[str]) -> bool:
    return all(name in values for name in _REFERENCE.findall(text))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda found: values[found[1]], text)


def _occasions(section: Mapping[str, object], source: str) -> frozenset[Occasion]:
    if "on" not in section:
        return ALWAYS
    words = _words(section["on"], f"{source}: [notify] on")
    known = [each.value for each in Occasion]
    unknown = [word for word in words if word not in known]
    if unknown:
        raise UsageError(
            f"{source}: [notify] on has no {unknown[0]!r}", hint=f"there are {', '.join(known)}"
        )
    return frozenset(map(Occasion, words))
