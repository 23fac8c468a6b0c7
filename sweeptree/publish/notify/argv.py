"""A command line without the addresses in it, for records. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

OPTION = "--notify"
HIDDEN = "[hidden]"


def without_addresses(argv: Sequence[str]) -> list[str]:
    """The words of a command line, with a mark in place of each address to notify."""
    words: list[str] = []
    for word in argv:
        follows_option = bool(words) and words[-1] == OPTION
        if follows_option:
            words.append(HIDDEN)
        elif word.startswith(f"{OPTION}="):
            words.append(f"{OPTION}={HIDDEN}")
        else:
            words.append(word)
    return words
