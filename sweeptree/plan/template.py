"""A command with places for values: `python train.py --lr {lr} --seed {seed}`.

Hides: braces and quotes as a shell reads them, so that a value never becomes a command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sweeptree.errors import UsageError

_FIELD = re.compile(r"\{\{|\}\}|\$\{[^{}]*\}|\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_UNSAFE_IN_QUOTES = frozenset("'\"\\$`\0")


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a template: its parameter and the quote that is open there ('' for none)."""

    name: str
    quote: str


@dataclass(frozen=True, slots=True)
class Template:
    """Text and fields in turn."""

    pieces: tuple[str | Field, ...]

    @property
    def names(self) -> set[str]:
        """The parameters that the template asks for."""
        return {piece.name for piece in self.pieces if isinstance(piece, Field)}

    def filled(self, values: Mapping[str, str]) -> str:
        """The command with these values. Raises UsageError for one that its quotes cannot hold."""
        return "".join(_filled(piece, values) for piece in self.pieces)


def parse_template(text: str) -> Template:
    """Read a template: {{ and }} are braces, ${NAME} is the shell's own. Raises UsageError."""
    return Template(tuple(_pieces(text)))


def has_field(text: str) -> bool:
    """Whether the text holds a field, or what looks like one."""
    return _FIELD.search(text) is not None


def _pieces(template: str) -> Iterator[str | Field]:
    position, quote = 0, ""
    for match in _FIELD.finditer(template):
        text = template[position : match.start()]
        quote = _quote_after(text, quote)
        yield text
        yield _piece(match, quote)
        position = match.end()
    yield template[position:]


def _piece(match: re.Match[str], quote: str) -> str | Field:
    whole, name = match[0], match[1]
    if name is None:
        return whole if whole.startswith("$") else whole[0]
    if _NAME.fullmatch(name):
        return Field(name, quote)
    raise UsageError(
        f"the template holds {whole!r}, which is no parameter",
        hint="write {{ and }} for plain braces",
    )


def _quote_after(text: str, quote: str) -> str:
    """The quote that is open after `text`, as a shell reads it."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
    return quote


def _filled(piece: str | Field, values: Mapping[str, str]) -> str:
    return piece if isinstance(piece, str) else _inserted(piece, values[piece.name])


def _inserted(field: Field, value: str) -> str:
    """The value as one word of the shell."""
    if not field.quote:
        return shlex.quote(value)
    if _UNSAFE_IN_QUOTES.intersection(value):
        raise UsageError(
            f"the value {value!r} of {field.name} cannot stand inside quotes",
            hint=f"take the quotes around {{{field.name}}} out of the template",
        )
    return value
