"""What ended sweeps have left on hosts, and what of it may go: `sweeptree hosts check`.

Hides: the program on the host that looks; see `far.leavings` for what may go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.far.asking import Question, ask
from sweeptree.hosts.far.leavings import LIVES
from sweeptree.hosts.remote import Site
from sweeptree.hosts.ssh import Master, Target
from sweeptree.hosts.values import Host

_AT_ONCE = 16
_SECONDS = 300.0  # that a host may take to look through large folders, or to remove them


@dataclass(frozen=True, slots=True)
class Left:
    """What a sweep, by its id, has left on a host: so many bytes. `why`: why it stays, "" where it
    may go; `is_gone`: it went now; `worktrees`: the folder there of those that it kept, "" without
    one."""

    sweep: str
    bytes: int
    why: str
    is_gone: bool
    worktrees: str = ""

    @property
    def is_over(self) -> bool:
        """Whether no lane of it lives there."""
        return self.why != LIVES


def left_on(hosts: Sequence[Host], config: Path | None, *, repair: bool) -> dict[str, list[Left]]:
    """What is left on hosts, by their names, asked all at once; `repair`: what may go is removed.
    `config` is what ssh reads. Nothing is known of one that does not answer."""
    if not hosts:
        return {}
    look = partial(_left_on, config=config, repair=repair)
    with ThreadPoolExecutor(min(_AT_ONCE, len(hosts))) as pool:
        found = zip(hosts, pool.map(look, hosts), strict=True)
        return {host.name: left for host, left in found if left is not None}


def _left_on(host: Host, *, config: Path | None, repair: bool) -> list[Left] | None:
    try:
        with Master(Target.of(host, config)) as master:
            return look(Site(host, master), repair=repair)
    except SweeptreeError:
        return None


def look(site: Site, *, repair: bool) -> list[Left]:
    """The same of one host. Raises SweeptreeError."""
    request = {"verb": "repair" if repair else "list", "folder": site.place("lanes")}
    answer = ask(site, Question("leavings", request), timeout=_SECONDS)
    return [_left(each) for each in answer["lanes"]]


def _left(told: Mapping[str, Any]) -> Left:
    return Left(
        sweep=str(told["name"]),
        bytes=int(told["bytes"]),
        why=str(told["why"]),
        is_gone=bool(told["gone"]),
        worktrees=str(told["worktrees"]),
    )
