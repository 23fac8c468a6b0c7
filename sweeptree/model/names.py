"""What a sweep may be called. Without pydantic: many a command knows names and needs no spec."""

from __future__ import annotations

import re

_EXP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_exp_name(name: str) -> str:
    """Return the name, or raise ValueError: it becomes the name of a folder and of a ref."""
    if not _EXP_NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
        raise ValueError(
            "a sweep's name is 1 to 64 letters, digits, '.', '_' or '-', "
            "begins with a letter or digit, holds no '..' and does not end in '.' or '.lock'"
        )
    return name
