"""`sweeptree hosts add|list|check|remove`: other machines that sweeps may use, over ssh."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from sweeptree.cli.screens.terminal import (
    Column,
    counted,
    point_lines,
    printable,
    say,
    size,
    table,
    width,
    write_out,
)
from sweeptree.model import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from sweeptree.hosts.inventory import Entry
    from sweeptree.hosts.leavings import Left
    from sweeptree.hosts.setting_up import Checked, Where
    from sweeptree.hosts.values import Host

app = App(name="hosts", help="Add, list, check and remove other machines that sweeps may use.")
FLAG = Parameter(negative=(), show_default=False)
JSON = Parameter(name="--json", negative=(), show_default=False)
_COLUMNS = (
    Column("host"),
    Column("address", rank=1, flexible=True),
    Column("slots", right=True),
    Column("GPU memory", rank=2, flexible=True),
    Column("sweeptree", rank=2),
    Column("python", rank=3),
    Column("checked", rank=3),
    Column("state"),
)


@app.command
def add(
    address: str,
    /,
    *,
    name: str = "",
    port: int | None = None,
    home: str = "~/.sweeptree",
    worker: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Set sweeptree up on a machine that `ssh` reaches without a password, and remember it.

    It needs no root there and opens no port. Doing it again brings the machine up to date.

    Parameters
    ----------
    address
        As for ssh: user@machine, or a Host of your ~/.ssh/config.
    name
        What it is called here; default: the machine's name up to the first dot.
    port
        The port of its sshd, where your ssh configuration does not say it.
    home
        A folder there for sweeptree's own files.
    worker
        Also start a Prefect worker there, for a shared server (PREFECT_API_URL).
    as_json
        Print one JSON document.
    """
    from sweeptree.hosts.setting_up import Order
    from sweeptree.hosts.setting_up import add as set_up
    from sweeptree.hosts.setting_up.worker import worker_order

    asked = worker_order(os.environ) if worker else None
    order = Order(address, name, port, home, asked)
    where = _where()
    added = set_up(order, where, _tell)
    return _show([added], {}, where.ssh_config, as_json=as_json)


@app.command(name="list")
def list_hosts(*, as_json: Annotated[bool, JSON] = False) -> int:
    """The machines that were added, as they were when last looked at.

    Parameters
    ----------
    as_json
        Print one JSON document.
    """
    entries = list(_where().inventory.entries().values())
    if as_json:
        _print_json({"hosts": [asdict(entry) for entry in entries]})
    elif entries:
        write_out("\n".join([*_table(entries), *_states(entries)]) + "\n")
    else:
        write_out("no host was added yet\n")
        say("  sweeptree hosts add user@machine")
    return 0


@app.command
def check(
    names: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    /,
    *,
    mend: Annotated[bool, FLAG] = False,
    repair: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Look whether sweeps may use the machines. Exit code 1 when one may not.

    Parameters
    ----------
    names
        Which ones; default: all.
    mend
        Set sweeptree up again where its environment is not what it should be.
    repair
        Remove what ended sweeps have left there and nobody needs: results that are all on the
        machine that drove the sweep. Results that nobody has fetched, files that stay there by
        --artifacts keep-remote and worktrees that were kept are never removed.
    as_json
        Print one JSON document.
    """
    from sweeptree.hosts.leavings import left_on
    from sweeptree.hosts.setting_up import check as look
    from sweeptree.hosts.setting_up import mended

    where = _where()
    entries = where.inventory.chosen(names or ("all",))
    checked = look(entries, where.ssh_config)
    if mend:
        checked = [mended(each, where, _tell) for each in checked]
    for each in checked:
        where.inventory.put(each.entry)
    reached = [each.entry.host for each in checked if each.facts is not None]
    left = left_on(reached, where.ssh_config, repair=repair)
    return _show(checked, left, where.ssh_config, as_json=as_json)


@app.command
def remove(name: str, /) -> int:
    """Forget a machine, and remove sweeptree's environments and packages there.

    Results of jobs, copies of repositories and their set-ups stay there. Where the machine was
    added under another name too, only the name is forgotten.

    Parameters
    ----------
    name
        The host's name.
    """
    from sweeptree.hosts.setting_up import remove as take_away

    why = take_away(name, _where())
    write_out(f"{printable(name)} is forgotten\n")
    if why:
        say(f"! {printable(why)}")
    return 0


def _where() -> Where:
    from sweeptree.hosts.setting_up import Where
    from sweeptree.settings import Settings

    settings = Settings()
    return Where(settings.home, settings.ssh_config)


def _tell(step: str) -> None:
    say(f"  {printable(step)}")


def _show(
    checked: Sequence[Checked],
    left: Mapping[str, Sequence[Left]],
    config: Path | None,
    *,
    as_json: bool,
) -> int:
    """What was found, and is left, on hosts; `config` is what ssh reads."""
    code = ExitCode.JOBS_FAILED if any(each.troubles for each in checked) else ExitCode.OK
    if as_json:
        documents = [_document(each, left.get(each.entry.host.name, ())) for each in checked]
        _print_json({"hosts": documents})
        return code
    write_out("\n".join(_table([each.entry for each in checked])) + "\n")
    for each in checked:
        _say_troubles(each)
        _say_left(each.entry.host, left.get(each.entry.host.name, ()), config)
    return code


def _say_troubles(checked: Checked) -> None:
    for trouble in checked.troubles:
        say(f"! {printable(trouble.message)}")
        for hint in trouble.hint:
            say(f"    {printable(hint)}")
    for remark in checked.remarks:
        say(f"  {printable(remark)}")


def _say_left(host: Host, left: Sequence[Left], config: Path | None) -> None:
    """What ended sweeps have left on a host, and what of it may go."""
    over = [each for each in left if each.is_over]
    gone = [each for each in over if each.is_gone]
    free = [each for each in over if not each.why and not each.is_gone]
    if gone:
        say(f"  removed from {host.name}: {_many(gone)}")
    if free:
        say(f"  {host.name} has leavings that nobody needs: {_many(free)}")
        say(f"    sweeptree hosts check {host.name} --repair")
    for each in over:
        if each.why:
            _say_kept(host, each, config)


def _say_kept(host: Host, left: Left, config: Path | None) -> None:
    from sweeptree.hosts.ssh import Target

    name = left.sweep.rsplit("-", 2)[0]
    say(f"  {host.name} keeps {size(left.bytes)} of {printable(name)}: {printable(left.why)}")
    say(f"    sweeptree resume {printable(name)} fetches results that are missing here;")
    if left.worktrees:
        _say_worktrees(host, left, config)
        return
    drop = Target.of(host, config).typed("rm", "-r", f"{host.home}/lanes/{left.sweep}")
    say(f"    if nobody needs them: {drop}")


def _say_worktrees(host: Host, left: Left, config: Path | None) -> None:
    """The lane's folder is all that leads to its worktrees: it goes after them."""
    from sweeptree.hosts.ssh import Target

    look = Target.of(host, config).typed("ls", left.worktrees)
    say(f"    its worktrees: {printable(look)}")
    say("    once you have removed there those that nobody needs:")
    say(f"    sweeptree hosts check {host.name} --repair")


def _many(left: Sequence[Left]) -> str:
    return f"{counted(len(left), 'lane')}, {size(sum(each.bytes for each in left))}"


def _document(checked: Checked, left: Sequence[Left]) -> dict[str, Any]:
    troubles = [
        {"message": trouble.message, "next": list(trouble.hint)} for trouble in checked.troubles
    ]
    return {
        **asdict(checked.entry),
        "troubles": troubles,
        "remarks": list(checked.remarks),
        "left": [asdict(each) for each in left],
    }


def _table(entries: Sequence[Entry]) -> list[str]:
    return table(_COLUMNS, [_row(entry) for entry in entries], width())


def _row(entry: Entry) -> list[str]:
    memory = ", ".join(f"{size / 1024:.0f} GB" for size in entry.gpu_memory)
    return [
        printable(entry.host.name),
        printable(entry.host.address),
        str(entry.slots),
        memory,
        printable(entry.version),
        printable(entry.python_version),
        f"{entry.checked[:16]}Z",
        "not usable" if entry.trouble else "ok",
    ]


def _states(entries: Sequence[Entry]) -> list[str]:
    """Why hosts were not usable, as a whole: a table would cut it."""
    troubled = [entry for entry in entries if entry.trouble]
    lines = [line for entry in troubled for line in point_lines("!", entry.trouble)]
    if troubled:
        names = " ".join(entry.host.name for entry in troubled)
        lines.append(f"    sweeptree hosts check {names}")
    return lines


def _print_json(document: object) -> None:
    write_out(json.dumps(document, indent=1) + "\n")
