"""What a repository says of hosts: [hosts.gpu2] in its sweeptree.toml.

[hosts.gpu2]
data = "/data/ptbxl"    # where big data stands there; it is never copied
setup = "uv sync"       # a command that makes a copy of the repository ready
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sweeptree.errors import UsageError
from sweeptree.hosts.values import Host, check_host_name
from sweeptree.system.toml_files import nearest, read_toml

OPTIONS = ("data", "setup")


def with_options(host: Host, start: Path) -> Host:
    """The host with what sweeptree.toml, looked for from `start` upwards, says of it.

    Raises UsageError for a section that says something else than `data` and `setup`.
    """
    path = nearest("sweeptree.toml", start)
    if path is None:
        return host
    hosts = read_toml(path).get("hosts", {})
    if not isinstance(hosts, Mapping):
        raise UsageError(f"{path}: hosts is a section: write [hosts.{host.name}]")
    section = hosts.get(host.name, {})
    check_section(path, host.name, section)
    return replace(host, **section)


def check_section(path: Path, name: str, section: object) -> None:
    """Raise UsageError for a [hosts.NAME] of no use; `path` is the file that it stands in."""
    check_host_name(name)
    if not isinstance(section, Mapping):
        raise UsageError(f"{path}: hosts.{name} is a section: write [hosts.{name}]")
    for option, value in section.items():
        if option not in OPTIONS:
            raise UsageError(
                f"{path}: [hosts.{name}] has no option {option!r}",
                hint="there are data (a folder on the host) and setup (a command)",
            )
        if not isinstance(value, str):
            raise UsageError(f"{path}: [hosts.{name}] {option} is a text in quotes")
