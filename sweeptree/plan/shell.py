"""A shell line as words.

Hides: how little of the shell's language is enough to name a command's parameters.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise, takewhile

_PLAIN = re.compile(r"[^'\"\\;&|()<>`$#\n]*")
_SHELL = re.compile(r"(?:.*/)?(?:ba|da|z|k)?sh")
_OPTION_C = re.compile(r"-[a-z]*c")
_MAX_SHELLS = 3
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_TOKEN = re.compile(
    r"""[ \t\r]*(?:
        (?P<redirect>\d*(?:<<<|<<|>>|<>|[<>])&?[ \t]*(?:[^\s;&|()<>]+)?|&>>?[ \t]*[^\s;&|()<>]+)
      | (?P<cut>&&|\|\||[;&|()\n])
      | (?P<word>(?:\$\([^()]*\)|`[^`]*`|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"\\;&|()<>`])+)
    )""",
    re.VERBOSE | re.DOTALL,
)


class Quoted(str):
    """A word that stood in quotes."""

    __slots__ = ()


def simple_commands(line: str) -> list[list[str]]:
    """The words of each simple command of a line; nothing when the quotes do not match.

    The script of `bash -c '...'` stands in its place.
    """
    return _without_shells(_commands(line), _MAX_SHELLS)


def _without_shells(commands: list[list[str]], levels: int) -> list[list[str]]:
    found: list[list[str]] = []
    for words in commands:
        script = _script(words) if levels else None
        inner = [] if script is None else _without_shells(_commands(script), levels - 1)
        found += [[*_set_before(words), *each] for each in inner] or [words]
    return found


def _set_before(words: list[str]) -> list[str]:
    """The variables that are set for a command."""
    return list(takewhile(_VARIABLE.fullmatch, words))


def _script(words: list[str]) -> str | None:
    """What a shell among the words is told to run: behind its -c, -lc ..."""
    for place, word in enumerate(words):
        if _SHELL.fullmatch(word):
            return _after_option_c(words[place + 1 :])
    return None


def _after_option_c(words: list[str]) -> str | None:
    for option, script in pairwise(words):
        if not option.startswith("-"):
            return None
        if _OPTION_C.fullmatch(option):
            return script
    return None


def _commands(line: str) -> list[list[str]]:
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
        text = " ".join(shlex.split(word))
    except ValueError:
        return word
    return Quoted(text) if word[0] in "'\"" else text
