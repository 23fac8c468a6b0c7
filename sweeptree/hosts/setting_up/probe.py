"""What one command finds out about a host."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.errors import HostError
from sweeptree.hosts.setting_up import probe_program
from sweeptree.hosts.ssh import Master

FITTING = ((3, 11), (3, 12), (3, 13))  # what pyproject.toml's requires-python says
_PATIENCE = 60.0  # seconds
_NO_PYTHON = 119
# The first Python 3 that answers reads the program; which one is used later is the program's say.
_FIND = f"""
for python in python3 python3.13 python3.12 python3.11 \
        /usr/local/bin/python3 "$HOME"/.local/bin/python3* \
        "$HOME"/.local/share/uv/python/*/bin/python3; do
    if "$python" -I -S -c '' </dev/null 2>/dev/null; then exec "$python" -I -S - "$1"; fi
done
exit {_NO_PYTHON}
"""


@dataclass(frozen=True, slots=True)
class Python:
    """A Python of the host. `venv`: it can make environments."""

    path: str
    version: str
    venv: bool

    @property
    def short(self) -> str:
        """As in 3.12."""
        return ".".join(self.version.split(".")[:2])

    @property
    def fits(self) -> bool:
        """Whether sweeptree runs with it."""
        return self.venv and version_of(self.version)[:2] in FITTING


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that sweeptree made on the host. `python_now` is "" where it does not run."""

    digest: str
    version: str
    python_version: str
    python_now: str

    @property
    def works(self) -> bool:
        """Whether its Python is the one that it was made with."""
        return self.python_now == self.python_version


@dataclass(frozen=True, slots=True)
class Facts:
    """A host as it is now. Sizes in bytes; `clock_ahead` in seconds, of this machine's clock."""

    home: str
    hostname: str
    boot_id: str
    clock_ahead: float
    machine: str
    glibc: str
    cpus: int
    disk_free: int
    writable: bool
    git: str
    rsync: bool
    pythons: tuple[Python, ...]
    nvidia: tuple[str, ...]
    lingering: str
    environments: tuple[Environment, ...]

    @property
    def python(self) -> Python | None:
        """The newest Python that sweeptree runs with."""
        fitting = [python for python in self.pythons if python.fits]
        return max(fitting, key=lambda python: version_of(python.version), default=None)

    def environment(self, digest: str) -> Environment | None:
        """The environment of this digest."""
        return next((each for each in self.environments if each.digest == digest), None)


def look(master: Master, home: str) -> Facts:
    """Look at a host, in one command that changes nothing. `home` may begin with ~.

    Raises HostError when it cannot be reached, or has no Python at all.
    """
    program = Path(probe_program.__file__).read_bytes()
    before = time.time()
    done = master.run(["sh", "-c", _FIND, "sh", home], program, _PATIENCE)
    now = (before + time.time()) / 2
    if done.rc == _NO_PYTHON:
        raise no_python(master.target.name, ())
    try:
        document = json.loads(done.out.splitlines()[-1])
        return _facts(document, now)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        said = done.err.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1] if said else "no answer that can be read"
        raise HostError(
            f"{master.target.name} cannot be looked at: {reason}",
            host=master.target.name,
            kind="command",
            hint=f"try it there: {master.target.shown} python3 --version",
        ) from error


def no_python(name: str, found: tuple[Python, ...]) -> HostError:
    """The error for a host without a Python that fits."""
    there = ", ".join(f"{each.path} {each.version}" for each in found) or "none"
    return HostError(
        f"{name} has no Python 3.11, 3.12 or 3.13 that can make environments; there is: {there}",
        host=name,
        kind="command",
        hint=(
            "Debian, Ubuntu: apt install python3 python3-venv",
            f"without root: uv python install 3.12 (on {name}), which is found there",
        ),
    )


def version_of(text: str) -> tuple[int, ...]:
    """A version as numbers, as far as they go: 2.39.5 of 2.39.5.windows.1."""
    numbers: list[int] = []
    for part in text.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _facts(document: Mapping[str, Any], now: float) -> Facts:
    libc, glibc = document["libc"]
    return Facts(
        home=str(document["home"]),
        hostname=str(document["hostname"]),
        boot_id=str(document["boot_id"]),
        clock_ahead=float(document["time"]) - now,
        machine=str(document["machine"]),
        glibc=str(glibc) if libc == "glibc" else "",
        cpus=int(document["cpus"]),
        disk_free=int(document["disk_free"]),
        writable=bool(document["writable"]),
        git=str(document["git"]),
        rsync=bool(document["rsync"]),
        pythons=tuple(_python(each) for each in document["pythons"]),
        nvidia=tuple(map(str, document["nvidia"])),
        lingering=str(document["lingering"]),
        environments=tuple(_environment(each) for each in document["environments"]),
    )


def _python(found: Mapping[str, Any]) -> Python:
    return Python(str(found["path"]), str(found["version"]), bool(found["venv"]))


def _environment(found: Mapping[str, Any]) -> Environment:
    return Environment(
        digest=str(found["digest"]),
        version=str(found["version"]),
        python_version=str(found["python_version"]),
        python_now=str(found["python_now"]),
    )
