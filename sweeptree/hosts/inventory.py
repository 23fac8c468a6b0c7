"""The hosts that were added: $SWEEPTREE_HOME/hosts.json, which `sweeptree hosts` writes.

Hides: the form of the file, that only this account may read it, and that it is replaced whole while
its lock is held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError, Refused, UsageError
from sweeptree.hosts.values import ALL, Gpu, Host
from sweeptree.records import read_json
from sweeptree.system import locks
from sweeptree.system.files import write_json

_SCHEMA = 1
_PATIENCE = 10.0  # seconds for another command to write the file


@dataclass(frozen=True, slots=True)
class Entry:
    """A host that was added, and what was found there the last time.

    `digest` names its environment, `version` the sweeptree in it. `gpu_memory` has the MiB of each
    GPU, `gpus` what each is called there; without GPUs the `slots` are cores. `trouble` is "" where
    all was well. `worker` is the Prefect work pool that a worker there serves, "" where none was
    asked for.
    """

    host: Host
    version: str
    digest: str
    python_version: str
    slots: int
    gpu_memory: tuple[int, ...] = ()
    checked: str = ""
    trouble: str = ""
    worker: str = ""
    gpus: tuple[Gpu, ...] = ()


class Inventory:
    """The hosts of this account, in the file below `home`, which is SWEEPTREE_HOME."""

    def __init__(self, home: Path) -> None:
        self.path = home / "hosts.json"

    def entries(self) -> dict[str, Entry]:
        """Every host by its name, in the order of the names. Raises RecordError for a bad file."""
        if not self.path.exists():
            return {}
        document = read_json(self.path)
        try:
            hosts = document["hosts"]
            return {name: _entry(hosts[name]) for name in sorted(hosts)}
        except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
            raise RecordError(
                f"{self.path} is not what sweeptree writes: {error}",
                path=str(self.path),
                hint=f"mv {self.path} {self.path}.old and add the hosts again",
            ) from error

    def entry(self, name: str) -> Entry:
        """One host. Raises UsageError where it was not added."""
        found = self.entries()
        if name in found:
            return found[name]
        known = ", ".join(found) or "none"
        raise UsageError(
            f"there is no host {name!r}; there is {known}",
            hint=f"sweeptree hosts add user@machine --name {name}",
        )

    def chosen(self, names: tuple[str, ...]) -> list[Entry]:
        """The hosts of these names; `all` means every one. Raises UsageError."""
        if ALL not in names:
            return [self.entry(name) for name in dict.fromkeys(names)]
        found = list(self.entries().values())
        if not found:
            raise UsageError("no host was added yet", hint="sweeptree hosts add user@machine")
        return found

    def same_machine(self, host: Host) -> list[Entry]:
        """The other names that a host was added under, in the order of the names."""
        others = (entry for entry in self.entries().values() if entry.host.name != host.name)
        return [entry for entry in others if entry.host.is_same_machine(host)]

    def put(self, entry: Entry) -> None:
        """Add a host, or replace what was known of it."""
        self._change(lambda hosts: hosts.update({entry.host.name: asdict(entry)}))

    def remove(self, name: str) -> None:
        """Forget a host."""
        self._change(lambda hosts: hosts.pop(name, None))

    def _change(self, change: Callable[[dict[str, Any]], object]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self.path.with_suffix(".lock")
        try:
            with locks.hold(lock, mode=0o600, patience=_PATIENCE):
                hosts = {name: asdict(entry) for name, entry in self.entries().items()}
                change(hosts)
                write_json(self.path, {"schema_version": _SCHEMA, "hosts": hosts})
                self.path.chmod(0o600)
        except BlockingIOError as error:
            raise Refused(f"another command holds {lock}", hint="try again") from error
        except OSError as error:
            raise Refused(
                f"{self.path} cannot be written: {error.strerror}",
                hint="set SWEEPTREE_HOME to a folder of yours on a local disk",
            ) from error


def default_name(address: str) -> str:
    """A name for a host from its address: gpu2 of ada@gpu2.lab.example."""
    machine = address.rpartition("@")[2]
    is_number = machine.replace(".", "").isdigit() or ":" in machine
    return machine.replace(":", "-") if is_number else machine.partition(".")[0]


def _entry(found: Mapping[str, Any]) -> Entry:
    values = dict(found)
    host = Host(**values.pop("host"))
    memory = tuple(int(each) for each in values.pop("gpu_memory"))
    gpus = tuple(Gpu(**each) for each in values.pop("gpus", ()))
    return Entry(host=host, gpu_memory=memory, gpus=gpus, **values)
