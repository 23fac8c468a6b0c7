"""The packages of the lock for a host's Python: fetched here, by uv, from wheels alone.

Hides: that a host needs no network for it and gets no password of an index; how uv is told of
another Python and another machine; and that what was fetched once is kept for the next host.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.setting_up import ours, uv_settings
from sweeptree.hosts.setting_up.probe import Facts, Python, version_of
from sweeptree.system import locks

_GLIBCS = ((2, 40), (2, 39), (2, 38), (2, 37), (2, 36), (2, 35), (2, 34), (2, 33), (2, 32),
           (2, 31), (2, 28), (2, 17))  # fmt: skip  # those that uv has a word for
_MACHINES = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_PATIENCE = 1800.0  # seconds for another fetch to end


@dataclass(frozen=True, slots=True)
class Platform:
    """What a wheel has to fit: uv's word for the machine, and the Python as in 3.12."""

    machine: str
    python: str

    @property
    def digest(self) -> str:
        """Tells the packages of this lock for this platform from all others."""
        found = hashlib.sha256(ours.lock().read_bytes())
        found.update(f"\0{self.machine}\0{self.python}".encode())
        return found.hexdigest()[:16]


def platform_of(name: str, facts: Facts, python: Python) -> Platform:
    """The platform of a host. Raises Refused where no wheels are made for it."""
    machine = _MACHINES.get(facts.machine)
    glibc = version_of(facts.glibc)[:2]
    fitting = [each for each in _GLIBCS if each <= glibc]
    if machine is None or not fitting:
        libc = f"glibc {facts.glibc}" if facts.glibc else "no glibc"
        raise Refused(
            f"{name} is a machine that no wheels are made for: {facts.machine}, {libc}",
            hint="hosts are Linux machines with glibc 2.17 or newer, x86_64 or aarch64",
        )
    major, minor = fitting[0]
    return Platform(f"{machine}-manylinux_{major}_{minor}", python.short)


def packages_archive(platform: Platform, folder: Path) -> Path:
    """The packages as a compressed tar in `folder`; fetched unless that was done before.

    Raises Refused where there is no uv, SweeptreeError with uv's words when it cannot get them.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    archive = folder / f"{platform.digest}.tar.gz"
    with locks.hold(folder / "lock", mode=0o600, patience=_PATIENCE, pause=0.1):
        if not archive.exists():
            _make(platform, archive)
    return archive


def _make(platform: Platform, archive: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=archive.parent) as temp:
        target = Path(temp) / "packages"
        _fetch(platform, target)
        whole = Path(temp) / "archive"
        with tarfile.open(whole, "w:gz", compresslevel=1) as tar:
            tar.add(target, arcname=".", filter=_anonymous)
        whole.replace(archive)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without this machine's accounts and times."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _fetch(platform: Platform, target: Path) -> None:
    argv = [
        _uv(),
        "pip",
        "install",
        "--quiet",
        f"--target={target}",
        f"--python={sys.executable}",
        f"--python-version={platform.python}",
        f"--python-platform={platform.machine}",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--requirements",
        str(ours.lock()),
    ]
    done = subprocess.run(argv, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        raise SweeptreeError(
            f"the packages for Python {platform.python} cannot be fetched:"
            f" {_without_secrets(done.stderr)}",
            hint="uv reads the indexes that pip is set to, else its own settings: pip config list",
        )


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise Refused(
            "hosts are made ready by uv, and there is none on this machine",
            hint=f"{sys.executable} -m pip install uv, or https://docs.astral.sh/uv/",
        )
    return found


def _environment() -> dict[str, str]:
    """Where pip was told of an index, uv takes the same; else what uv itself was told."""
    settings = _settings_of_pip()
    steering = {name for name in uv_settings.SAME if name in settings}
    if not steering:
        return dict(os.environ)
    try:
        return {**os.environ, **uv_settings.variables(settings)}
    except ValueError as error:
        raise Refused(str(error), hint="pip config list shows where it was set") from error


def _settings_of_pip() -> dict[str, str]:
    for pip in ([sys.executable, "-m", "pip"], ["pip"], ["python3", "-m", "pip"]):
        try:
            said = subprocess.run([*pip, "config", "list"], capture_output=True, text=True)
        except FileNotFoundError:
            continue
        if not said.returncode:
            return uv_settings.settings_of_pip(said.stdout.splitlines())
    return {}


def _without_secrets(text: str) -> str:
    from sweeptree.repository.plumbing import without_credentials

    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return without_credentials(" ".join(lines[-6:]))[:600]
