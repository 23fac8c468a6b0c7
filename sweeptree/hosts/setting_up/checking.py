"""What is wrong with a host, each with the next command."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree.errors import HostError, Refused, SweeptreeError
from sweeptree.hosts.clock import Clock
from sweeptree.hosts.inventory import Entry
from sweeptree.hosts.setting_up import ours
from sweeptree.hosts.setting_up.environment import wanted
from sweeptree.hosts.setting_up.probe import Facts, look, version_of
from sweeptree.hosts.ssh import Master, Target
from sweeptree.system.clock import utc_now

_GIGABYTE = 1024**3
LEAST_DISK = 2 * _GIGABYTE  # bytes: the packages, and some room for jobs
LEAST_GIT = (2, 31)
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Checked:
    """A host that was looked at. No `troubles`: sweeps may use it. `remarks` hinder nobody.

    `entry` is what is now known of it, `facts` None where it could not be looked at.
    """

    entry: Entry
    troubles: tuple[SweeptreeError, ...] = ()
    remarks: tuple[str, ...] = ()
    facts: Facts | None = None


def check(entries: Sequence[Entry], config: Path | None) -> list[Checked]:
    """Look at hosts, all at once, by one command each; `config` is what ssh reads."""
    if not entries:
        return []
    look_at = functools.partial(_check, config=config)
    at_once = min(_AT_ONCE, len(entries))
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(look_at, entries))


def check_ready(entries: Sequence[Entry], config: Path | None) -> list[Checked]:
    """As `check`, for a sweep's plan: raises Refused unless every host may be used.

    The error names every trouble and its next command.
    """
    checked = check(entries, config)
    troubles = [trouble for each in checked for trouble in each.troubles]
    if not troubles:
        return checked

    messages = [trouble.message for trouble in troubles]
    hints = [hint for trouble in troubles for hint in trouble.hint]
    each_once = tuple(dict.fromkeys(hints))
    raise Refused("; ".join(messages), hint=each_once)


def machine_troubles(name: str, facts: Facts) -> Iterator[SweeptreeError]:
    """What keeps sweeptree from being set up on a machine, beside its Python."""
    if not facts.git:
        yield _lack(
            name,
            "has no git",
            "install git 2.31 or newer there: apt install git",
        )
    elif version_of(facts.git) < LEAST_GIT:
        yield _lack(
            name,
            f"has git {facts.git}",
            "install git 2.31 or newer there",
        )
    if not facts.writable:
        yield _lack(
            name,
            f"does not let you write {facts.home}",
            "give another folder: sweeptree hosts add ... --home /scratch/you/sweeptree",
        )
    if facts.disk_free < LEAST_DISK:
        free = facts.disk_free / _GIGABYTE
        yield _lack(
            name,
            f"has {free:.1f} GB free at {facts.home}, and needs 2 GB",
            "make room there, or give a folder on another disk with --home",
        )


def machine_remarks(name: str, facts: Facts) -> Iterator[str]:
    """What is not as it could be, and hinders nobody."""
    clock = Clock(name, facts.clock_ahead)
    if clock.is_off:
        yield clock.remark
    if not facts.rsync:
        yield f"{name} has no rsync: files come back as a tar"


def environment_troubles(entry: Entry, facts: Facts) -> Iterator[SweeptreeError]:
    """What is wrong with the sweeptree there."""
    name = entry.host.name
    text = _wrong_environment(entry, facts)
    if text:
        hint = f"sweeptree hosts check {name} --mend"
        yield _lack(name, text, hint)


def _wrong_environment(entry: Entry, facts: Facts) -> str:
    here = ours.version()
    found = facts.environment(entry.digest)
    if found is None:
        return "has lost its environment of sweeptree"
    if not found.works:
        then = found.python_version
        now = found.python_now or "none that starts"
        return f"had Python {then} when sweeptree was set up, and now: {now}"
    if found.version != here:
        return f"has sweeptree {found.version}, and this machine {here}"
    want = wanted(entry.host.name, facts)
    if want.digest != entry.digest:
        return f"has a sweeptree {here} with other files than this machine's"
    return ""


def _check(entry: Entry, config: Path | None) -> Checked:
    name = entry.host.name
    target = Target.of(entry.host, config)
    try:
        with Master(target) as master:
            facts = look(master, entry.host.home)
        troubles = (
            *machine_troubles(name, facts),
            *environment_troubles(entry, facts),
        )
    except (HostError, Refused) as error:
        noted = _noted(entry, [error])
        return Checked(noted, (error,))

    noted = _noted(entry, troubles)
    remarks = tuple(machine_remarks(name, facts))
    return Checked(noted, troubles, remarks, facts)


def _noted(entry: Entry, troubles: Sequence[SweeptreeError]) -> Entry:
    messages = [trouble.message for trouble in troubles]
    return replace(
        entry,
        checked=utc_now(),
        trouble="; ".join(messages),
    )


def _lack(name: str, text: str, hint: str) -> HostError:
    return HostError(
        f"{name} {text}",
        host=name,
        kind="command",
        hint=hint,
    )
