"""A far side for ssh: a program of its name that runs what it is told on this machine, in a home of
its own. What real connections do is tested in tests/hosts."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from sweeptree.hosts.ssh import Target

PROGRAM = r"""#!/bin/sh
# ssh [options] address command
there={there}
while :; do
    case $1 in
        -M) shift ;;
        -R) echo "Allocated port ${{2##*:}} for remote forward to $2" >&2; shift 2 ;;
        -F) echo "$2" >>"$there/configs"; shift 2 ;;
        -p | -o | -S) shift 2 ;;
        *) break ;;
    esac
done
echo "$*" >>"$there/calls"
[ ! -e "$there/trouble" ] || {{ cat "$there/trouble" >&2; exit 255; }}
shift
cd "$there/home" && HOME=$there/home exec sh -c "$*"
"""


@dataclass(frozen=True)
class FarSide:
    """The host that the program leads to. `home` is its home folder, as seen from here."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def target(self) -> Target:
        return Target("gpu2", "ada@gpu2")

    def calls(self) -> list[str]:
        """The command of each call so far."""
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def configs(self) -> set[str]:
        """The configurations that calls so far were told to read."""
        configs = self.folder / "configs"
        return set(configs.read_text().splitlines()) if configs.exists() else set()

    def fail(self, said: str) -> None:
        """Let every call from now on fail with these words."""
        (self.folder / "trouble").write_text(said)


def far_side(folder: Path, patch: pytest.MonkeyPatch) -> FarSide:
    """Put the program before the real ssh, for this process and its children."""
    (folder / "home").mkdir(parents=True)
    (folder / "bin").mkdir()
    program = folder / "bin" / "ssh"
    program.write_text(PROGRAM.format(there=folder))
    program.chmod(0o755)
    patch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    return FarSide(folder)
