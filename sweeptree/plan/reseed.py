"""A command that names its seed, with another seed.

Hides: that a seed may stand in a second place too (runs/seed1), where the old one would make two
jobs write to one folder: such a command is refused, not guessed at.
"""

from __future__ import annotations

import re

from sweeptree.errors import UsageError
from sweeptree.model.text import shorten
from sweeptree.plan.params import is_seed_name, read_command

_OPTION = re.compile(r"(?<![^\s;&|('\"])((?:--?|\+)?([A-Za-z_][\w.-]*)(?:=|\s+))(-?\d+)(?![\w.])")


def with_seed(command: str, seed: int) -> str:
    """The command with this seed in place of its own. Raises UsageError where that is not clear."""
    own = read_command(command).seed
    places = [match for match in _OPTION.finditer(command) if _names_seed(match, own)]
    if own is None or len(places) != 1:
        raise _unclear(command, "its seed does not stand in one place")
    start, end = places[0].span(3)
    if _stands_elsewhere(command[:start] + command[end:], own):
        raise _unclear(command, f"its seed {own} stands in another place too")
    return f"{command[:start]}{seed}{command[end:]}"


def _names_seed(match: re.Match[str], own: int | None) -> bool:
    return is_seed_name(match[2]) and int(match[3]) == own


def _stands_elsewhere(rest: str, own: int) -> bool:
    """Whether a part of the rest may be made of the seed: seed1, s_1, runs/1."""
    pattern = rf"(?i)(?:(?<![a-z0-9])(?:seed|s)[_=-]?|(?<=/))0*{own}(?!\d)"
    return re.search(pattern, rest) is not None


def _unclear(command: str, why: str) -> UsageError:
    return UsageError(
        f"no other seed can be written into {shorten(command)!r}: {why}",
        hint="""give the further commands themselves: --commands '["python train.py --seed 4"]'""",
    )
