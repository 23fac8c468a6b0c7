"""Adding a host, mending it, and forgetting it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree.errors import HostError, Refused, SweeptreeError
from sweeptree.hosts.far.asking import Question, ask
from sweeptree.hosts.inventory import Entry, Inventory, default_name
from sweeptree.hosts.remote import Site
from sweeptree.hosts.setting_up import ours
from sweeptree.hosts.setting_up.checking import (
    Checked,
    environment_troubles,
    machine_remarks,
    machine_troubles,
)
from sweeptree.hosts.setting_up.environment import install, slots, wanted
from sweeptree.hosts.setting_up.probe import Facts, look
from sweeptree.hosts.setting_up.worker import WorkerOrder, start_worker, stop_worker
from sweeptree.hosts.ssh import Master, Target
from sweeptree.hosts.values import Host, check_address, check_host_name
from sweeptree.system.clock import utc_now

HOME = "~/.sweeptree"
# The environments and what they share; jobs' results and the copies of repositories stay.
_REMOVE = (
    'cd "$1" 2>/dev/null || exit 0; chmod -R u+w env packages 2>/dev/null; rm -rf env packages'
)
_REMOVING = 120.0  # seconds

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to add. An empty `name` is taken from the address; `home` may begin with ~."""

    address: str
    name: str = ""
    port: int | None = None
    home: str = HOME
    worker: WorkerOrder | None = None

    @property
    def chosen_name(self) -> str:
        """The host's name. Raises UsageError for a name or an address of no use."""
        check_address(self.address)
        return check_host_name(self.name or default_name(self.address))


@dataclass(frozen=True, slots=True)
class Where:
    """Where this machine keeps what it knows of hosts, and what ssh reads."""

    home: Path
    ssh_config: Path | None

    @property
    def inventory(self) -> Inventory:
        """The file of the hosts."""
        return Inventory(self.home)


def add(order: Order, where: Where, tell: Tell) -> Checked:
    """Look at the host, set sweeptree up there, and note it last.

    `tell` gets a line for each step that takes long. Raises UsageError for input of no use,
    Refused and HostError for a host that cannot be used; it is then not noted.
    """
    name = order.chosen_name
    _check_free(where.inventory, name, order.address)
    with Master(Target(name, order.address, order.port, where.ssh_config)) as master:
        tell(f"looking at {order.address}")
        facts = look(master, order.home)
        entry = _set_up(master, order, facts, where, tell)
        if order.worker is not None:
            tell(f"starting a Prefect worker on {name}")
            start_worker(master, entry, order.worker, facts.lingering)
            entry = replace(entry, worker=order.worker.pool)
    where.inventory.put(entry)
    remarks = (*machine_remarks(name, facts), *other_names(entry, where.inventory))
    return Checked(entry, (), remarks, facts)


def mended(checked: Checked, where: Where, tell: Tell) -> Checked:
    """Set sweeptree up again where the environment is what is wrong; else `checked` as it is.

    A host that cannot be mended has the reason among its troubles.
    """
    entry, facts = checked.entry, checked.facts
    if facts is None or not any(environment_troubles(entry, facts)):
        return checked
    host = entry.host
    order = Order(host.address, host.name, host.port, host.home)
    try:
        done = add(order, where, tell)
    except SweeptreeError as error:
        return replace(checked, troubles=(error,))
    return replace(done, entry=replace(done.entry, worker=entry.worker))


def remove(name: str, where: Where) -> str:
    """Forget a host, and remove its environments and their packages; all else stays there.

    Where its machine was added under another name too, only the name goes. Returns a sentence on
    why nothing was removed there, "" where it was. Raises Refused while jobs run there.
    """
    entry = where.inventory.entry(name)
    others = where.inventory.same_machine(entry.host)
    if others:
        _hand_over(entry, others[0], where.inventory)
        why = f"its machine is {others[0].host.name} as well: nothing was removed there"
    else:
        why = _taken_down(entry, where)
    where.inventory.remove(name)
    return why


def _hand_over(entry: Entry, other: Entry, inventory: Inventory) -> None:
    """Note the worker of a machine under the name that it keeps, which can end it later."""
    if entry.worker and not other.worker:
        inventory.put(replace(other, worker=entry.worker))


def _taken_down(entry: Entry, where: Where) -> str:
    """Remove what was set up on a host; a sentence where that could not be."""
    try:
        with Master(Target.of(entry.host, where.ssh_config)) as master:
            _refuse_if_busy(Site(entry.host, master))
            if entry.worker:
                stop_worker(master, entry)
            argv = ["sh", "-c", _REMOVE, "sh", entry.host.home]
            master.ask(argv, timeout=_REMOVING)
    except HostError as error:
        return f"nothing could be removed there: {error.message}"
    return ""


def other_names(entry: Entry, inventory: Inventory) -> list[str]:
    """What to say of a machine that has another name here."""
    name = entry.host.name
    return [
        f"{name} is the same machine as {other.host.name}: a sweep needs it once; "
        f"to forget one name: sweeptree hosts remove {name}"
        for other in inventory.same_machine(entry.host)
    ]


def _refuse_if_busy(site: Site) -> None:
    """Raise Refused while a lane lives there: it needs what would be removed."""
    host = site.host
    request = {"verb": "living", "folder": site.place("lanes")}
    try:
        living = ask(site, Question("lane", request), timeout=_REMOVING)
    except HostError:
        raise
    except SweeptreeError:  # what lanes need is gone already
        return
    for lane, pid in living.items():
        sweep = lane.rsplit("-", 2)[0]
        end = site.remote.typed("kill", str(pid))
        raise Refused(
            f"{host.name} runs jobs of {sweep}",
            hint=(
                f"wait for its end, or: sweeptree cancel {sweep}",
                f"if that does not reach it: {end}",
            ),
        )


def _check_free(inventory: Inventory, name: str, address: str) -> None:
    known = inventory.entries().get(name)
    if known is not None and known.host.address != address:
        raise Refused(
            f"there is a host {name} already: {known.host.address}",
            hint=(
                f"another name: sweeptree hosts add {address} --name NAME",
                f"or forget that one: sweeptree hosts remove {name}",
            ),
        )


def _set_up(master: Master, order: Order, facts: Facts, where: Where, tell: Tell) -> Entry:
    name = order.chosen_name
    _refuse(name, facts)
    want = wanted(name, facts)
    tell(f"setting up sweeptree {ours.version()} for Python {want.base.version} on {name}")
    install(master, facts.home, want, where.home / "hosts")
    python = want.python(facts.home)
    found = slots(master, python)
    host = Host(name, order.address, facts.home, python, order.port)
    return Entry(
        host=host,
        version=ours.version(),
        digest=want.digest,
        python_version=want.base.version,
        slots=found.slots,
        gpu_memory=found.gpu_memory,
        checked=utc_now(),
        gpus=found.gpus,
    )


def _refuse(name: str, facts: Facts) -> None:
    troubles = list(machine_troubles(name, facts))
    if troubles:
        text = "; ".join(trouble.message for trouble in troubles)
        raise Refused(text, hint=[hint for trouble in troubles for hint in trouble.hint])
