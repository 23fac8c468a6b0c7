"""The mark in the environment of every process of a job: which launch it belongs to.

Standard library only, and of it `os` alone.
"""

from __future__ import annotations

import os

COOKIE = "SWEEPTREE_COOKIE"
_MARK = "#"


def make_cookie(launch: str) -> str:
    """A value for the variable: the launch's name, and what tells this run of it from others."""
    return launch + _MARK + os.urandom(8).hex()


def launch_of(environment: bytes) -> str | None:
    """The launch that a process with this environment belongs to; None: to none."""
    beginning = COOKIE.encode() + b"="
    for variable in environment.split(b"\0"):
        if variable.startswith(beginning):
            value = os.fsdecode(variable.removeprefix(beginning))
            return value.rpartition(_MARK)[0]
    return None
