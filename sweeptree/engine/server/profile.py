"""The Prefect profile `sweeptree`: where the managed server is, for Prefect's own commands.

Hides where the user's profiles stand, that all else in the file stays byte for byte, and that a
profile is refreshed only by the home that wrote it. Quick to import: no Prefect.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.engine.server.config import Server, access
from sweeptree.engine.server.token import home_name
from sweeptree.errors import Refused

NAME = "sweeptree"
_HEADER = re.compile(r"\s*\[")
_OURS = re.compile(rf"\s*\[\s*profiles\s*\.\s*[\"']?{NAME}[\"']?\s*\]")
_ACTIVE = re.compile(r"\s*active\s*=")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Profiles:
    """The user's file of Prefect profiles, as it is now; it need not exist."""

    path: Path
    text: str
    document: Mapping[str, Any]

    @property
    def active(self) -> str | None:
        """The name of the active profile, where the file says."""
        name = self.document.get("active")
        return name if isinstance(name, str) else None

    @property
    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """The settings of each profile, by its name."""
        found: Mapping[str, Mapping[str, Any]] = self.document.get("profiles", {})
        return found

    def has_own(self, defaults: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether the user has a profile that neither Prefect nor we made."""
        for name, settings in self.settings.items():
            if name != NAME and settings and settings != defaults.get(name):
                return True
        return False


def profiles_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where Prefect's commands of this user look for profiles."""
    if path := environ.get("PREFECT_PROFILES_PATH"):
        return Path(path).expanduser().absolute()
    folder = environ.get("PREFECT_HOME") or "~/.prefect"
    return Path(folder).expanduser().absolute() / "profiles.toml"


def read_profiles(path: Path) -> Profiles:
    """The profiles of a file. Raises Refused where they cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        return Profiles(path, "", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unusable(path, str(error)) from error
    if not _is_well_formed(document):
        raise _unusable(path, "it does not hold profiles")
    return Profiles(path, text, document)


def write_profile(found: Profiles, server: Server, *, activate: bool) -> None:
    """Put the profile of a managed server into the file, and note where, for `refresh_profile`."""
    settings = access(server)
    text = _with_section(found.text, settings, activate=activate)
    wanted = {**found.document, "profiles": {**found.settings, NAME: settings}}
    if activate:
        wanted["active"] = NAME
    if not _holds(text, wanted):
        raise _unusable(found.path, f"the profile {NAME} cannot be put into it")
    _replace(found.path, text)
    _note(server.home).write_text(str(found.path), encoding="utf-8")


def refresh_profile(server: Server) -> None:
    """Let the profile that this home wrote say what is true of the server now, if it is there."""
    with contextlib.suppress(OSError, Refused):
        found = read_profiles(Path(_note(server.home).read_text(encoding="utf-8")))
        settings = found.settings.get(NAME, {})
        user = str(settings.get("PREFECT_API_AUTH_STRING", "")).partition(":")[0]
        if user == home_name(server.home) and settings != access(server):
            write_profile(found, server, activate=False)


def is_in_use(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether Prefect would take its settings from our profile."""
    if chosen := environ.get("PREFECT_PROFILE"):
        return chosen == NAME
    try:
        return read_profiles(profiles_path(environ)).active == NAME
    except Refused:
        return False


def _is_well_formed(document: Mapping[str, Any]) -> bool:
    profiles = document.get("profiles", {})
    if not isinstance(profiles, dict):
        return False
    return all(isinstance(settings, dict) for settings in profiles.values())


def _with_section(text: str, settings: Mapping[str, str], *, activate: bool) -> str:
    lines = _without_section(text.splitlines())
    if activate:
        lines = _with_active(lines)
    section = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    gap = [""] if lines and lines[-1].strip() else []
    return "\n".join([*lines, *gap, f"[profiles.{NAME}]", *section, ""])


def _without_section(lines: list[str]) -> list[str]:
    kept = []
    inside = False
    for line in lines:
        if _HEADER.match(line):
            inside = _OURS.match(line) is not None
        if not inside:
            kept.append(line)
    return kept


def _with_active(lines: list[str]) -> list[str]:
    line = f'active = "{NAME}"'
    for index, old in enumerate(lines):
        if _HEADER.match(old):
            break
        if _ACTIVE.match(old):
            return [*lines[:index], line, *lines[index + 1 :]]
    return [line, "", *lines]


def _holds(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _replace(path: Path, text: str) -> None:
    """Write aside, then rename: only the owner can read it, at every moment. Links are followed."""
    real = path.resolve()
    real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = real.with_name(f".{real.name}.{os.getpid()}.tmp")
    file = os.open(aside, _NEW, 0o600)
    try:
        os.write(file, text.encode())
        os.fsync(file)
        aside.replace(real)
    finally:
        os.close(file)
        aside.unlink(missing_ok=True)


def _note(home: Path) -> Path:
    return home / "profile.path"


def _unusable(path: Path, why: str) -> Refused:
    return Refused(
        f"your Prefect profiles cannot be used: {path}: {why}",
        hint=(f"mend {path}, or move it away", "then: sweeptree deploy"),
    )
