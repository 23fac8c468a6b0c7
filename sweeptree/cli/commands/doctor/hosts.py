"""What `sweeptree doctor` says of other machines, as they were when last looked at: no network."""

from __future__ import annotations

from collections.abc import Iterator

from sweeptree.cli.commands.doctor.finding import Finding
from sweeptree.cli.screens.terminal import counted, printable
from sweeptree.hosts.inventory import Entry, Inventory
from sweeptree.settings import Settings


def check_hosts() -> Iterator[Finding]:
    """A warning for each host that was not usable; nothing where none was added."""
    entries = Inventory(Settings().home).entries().values()
    troubled = [entry for entry in entries if entry.trouble]
    for entry in troubled:
        yield _not_usable(entry)
    usable = len(entries) - len(troubled)
    if usable:
        yield Finding("hosts", "ok", f"{counted(usable, 'host')} usable when last looked at")


def _not_usable(entry: Entry) -> Finding:
    when = f"{entry.checked[:16]}Z"
    text = f"{entry.host.name} was not usable at {when}: {printable(entry.trouble)}"
    return Finding("hosts", "warn", text, f"sweeptree hosts check {entry.host.name}")
