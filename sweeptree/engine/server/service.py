"""A systemd unit of the user's that brings server and worker back after a reboot.

Source: systemd.service(5), systemd.exec(5), loginctl(1).
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import UsageError
from sweeptree.system.files import write_bytes

NAME = "sweeptree.service"


@dataclass(frozen=True, slots=True)
class Units:
    """The file that was written, the commands that make systemd use it, and a line for crontab."""

    file: Path
    commands: tuple[str, ...]
    crontab: str


def write_units(home: Path) -> Units:
    """Write the unit for the server and the worker of this home, below ~/.config/systemd/user.

    Raises UsageError for a path that systemd cannot hold, and OSError.
    """
    program = shutil.which("sweeptree") or str(Path(sys.argv[0]).resolve())
    for path in (program, str(home)):
        if any(letter in path for letter in "\n\r"):
            raise UsageError(f"{path!r} has a line break: systemd cannot hold it")
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / NAME, _unit(program, home).encode())
    return Units(folder / NAME, _commands(), _crontab(program, home))


def _unit(program: str, home: Path) -> str:
    """The server runs by itself in the background, so that the unit only starts and stops it."""
    lines = [
        "[Unit]",
        "Description=sweeptree: the local Prefect server and its worker",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        "RemainAfterExit=yes",
        f"Environment={_quoted(f'SWEEPTREE_HOME={home}')}",
        f"ExecStart={_word(program)} server start",
        f"ExecStop={_word(program)} server stop",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A value as systemd reads it back: quotes and specifiers are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _word(text: str) -> str:
    """A word of a command, in which systemd would put variables too."""
    return _quoted(text).replace("$", "$$")


def _commands() -> tuple[str, ...]:
    return (
        f"Next:  systemctl --user daemon-reload && systemctl --user enable --now {NAME}",
        '       loginctl enable-linger "$USER"   so that it starts without your login',
    )


def _crontab(program: str, home: Path) -> str:
    return f"@reboot SWEEPTREE_HOME={shlex.quote(str(home))} {shlex.quote(program)} server start"
