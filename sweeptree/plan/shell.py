"""A shell line as words.

Hides: how little of the shell's language is enough to name a command's parameters.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

_PLAIN = re.compile(r"[^'\"\\;&|()<>`$#\n]*")
_TOKEN = re.compile(
    r"""[ \t\r]*(?:
        (?P<redirect>\d*(?:<<<|<<|>>|<>|[<>])&?[ \t]*(?:[^\s;&|()<>]+)?|&>>?[ \t]*[^\s;&|()<>]+)
      | (?P<cut>&&|\|\||[;&|()\n])
      | (?P<word>(?:\$\([^()]*\)|`[^`]*`|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"\\;&|()<>`])+)
    )""",
    re.VERBOSE | re.DOTALL,
)


def simple_commands(line: str) -> list[list[str]]:
    """The words of each simple command of a line; nothing when the quotes do not match."""
    if _PLAIN.fullmatch(line):
        words = line.split()
        return [words] if words else []
    try:
        commands = _split(line)
    except ValueError:
        return []
    return [words for words in commands if words]


def _split(line: str) -> list[list[str]]:
    commands: list[list[str]] = [[]]
    for token in _tokens(line):
        word = token["word"]
        if token["cut"]:
            commands.append([])
        elif word and word.startswith("#"):
            break
        elif word:
            commands[-1].append(_unquoted(word))
    return commands


def _tokens(line: str) -> Iterator[re.Match[str]]:
    """Words, redirections and what separates commands. Raises ValueError where none can be read."""
    position, end = 0, len(line.rstrip())
    while position < end:
        token = _TOKEN.match(line, position)
        if token is None or token.end() == position:
            raise ValueError(line)
        position = token.end()
        yield token


def _unquoted(word: str) -> str:
    if not any(mark in word for mark in "'\"\\"):
        return word
    try:
        return " ".join(shlex.split(word))
    except ValueError:
        return word
