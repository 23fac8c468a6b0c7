"""The same sweeptree on a host, in an environment of the host's own Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.errors import HostError
from sweeptree.hosts.setting_up import environment_program, ours
from sweeptree.hosts.setting_up.packages import Platform, packages_archive, platform_of
from sweeptree.hosts.setting_up.probe import Facts, Python, no_python
from sweeptree.hosts.ssh import Master
from sweeptree.hosts.values import Gpu

_PATIENCE = 1800.0  # seconds: some 80 MB over a slow line
_LOOK = 120.0  # seconds for a first start there


@dataclass(frozen=True, slots=True)
class Wanted:
    """The environment that a host should have. `digest` names its folder."""

    digest: str
    platform: Platform
    base: Python

    def python(self, home: str) -> str:
        """The path of its Python on the host."""
        return f"{home}/env/{self.digest}/bin/python"


@dataclass(frozen=True, slots=True)
class Slots:
    """How many jobs go on at once there, and on which GPUs."""

    slots: int
    gpus: tuple[Gpu, ...]

    @property
    def gpu_memory(self) -> tuple[int, ...]:
        """The MiB of each GPU."""
        return tuple(gpu.memory for gpu in self.gpus)


def wanted(name: str, facts: Facts) -> Wanted:
    """What this sweeptree, its lock and the host's Python make of it.

    Raises HostError without a Python that fits, Refused for a machine without wheels.
    """
    base = facts.python
    if base is None:
        raise no_python(name, facts.pythons)
    platform = platform_of(name, facts, base)
    parts = (
        platform.digest,
        ours.digest(),
        base.version,
        base.path,
    )
    text = "\0".join(parts)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Wanted(digest[:16], platform, base)


def install(master: Master, home: str, want: Wanted, archives: Path) -> None:
    """Make the environment below `home` on the host, unless it is there and works.

    `archives` keeps what was fetched on this machine. Raises HostError with the host's words (disk
    full, no connection); what is there only in part is made anew by the next call.
    """
    archive = packages_archive(want.platform, archives)
    packages = want.platform.digest
    if not _is_there(master, f"{home}/packages/{packages}"):
        _send_packages(master, home, want, archive)
    note = {
        "version": ours.version(),
        "python_version": want.base.version,
        "packages": packages,
    }
    program = _program(
        want,
        "environment",
        home,
        want.digest,
        packages,
        json.dumps(note),
    )
    master.ask(program, ours.archive(), _PATIENCE)


def _send_packages(master: Master, home: str, want: Wanted, archive: Path) -> None:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        program = _program(
            want,
            "packages",
            home,
            want.platform.digest,
            digest,
        )
        master.ask(program, file, _PATIENCE)


def slots(master: Master, python: str) -> Slots:
    """What the installed sweeptree finds there: GPUs, or cores. Raises HostError."""
    argv = [python, "-P", "-m", "sweeptree", "gpus", "--json"]
    said = master.ask(argv, timeout=_LOOK)
    try:
        document: dict[str, Any] = json.loads(said)
        gpus = tuple(_gpu(row) for row in document["gpus"])
        return Slots(int(document["slots"]), gpus)
    except (KeyError, TypeError, ValueError) as error:
        raise HostError(
            f"{master.target.name} does not say which GPUs it has: {error}",
            host=master.target.name,
            kind="command",
            hint=f"try it there: {master.target.shown} {python} -m sweeptree gpus",
        ) from error


def _gpu(row: Mapping[str, Any]) -> Gpu:
    memory = int(row["memory_total"])
    return Gpu(str(row["uuid"]), int(row["index"]), str(row["name"]), memory)


def _program(want: Wanted, *words: str) -> list[str]:
    text = Path(environment_program.__file__).read_text(encoding="utf-8")
    return [want.base.path, "-I", "-S", "-c", text, *words]


def _is_there(master: Master, path: str) -> bool:
    return master.run(["test", "-d", path], timeout=_LOOK).rc == 0
