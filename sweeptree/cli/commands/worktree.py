"""`sweeptree worktree list|create|remove|repair|clean|restore`: the Worktree Manager."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from sweeptree.cli.screens.terminal import (
    Column,
    agreed,
    counted,
    printable,
    say,
    somebody_types,
    table,
    width,
    write_out,
)
from sweeptree.errors import UsageError
from sweeptree.model import ExitCode

if TYPE_CHECKING:
    from sweeptree.repository import Repository
    from sweeptree.worktrees.manager import Removal, Row

app = App(
    name="worktree",
    help="List, make, repair, clean up and bring back worktrees; no byte is lost.",
)
# As in cli/options.py, without its imports: `worktree list` is quick.
FLAG = Parameter(negative=(), show_default=False)
JSON = Parameter(name="--json", negative=(), show_default=False)
_LEADING_HYPHEN = Parameter(allow_leading_hyphen=True)
_FROM = Parameter(name="--from")
_COLUMNS = (
    Column("worktree", flexible=True, keeps_end=True),
    Column("branch", rank=2, flexible=True, keeps_end=True),
    Column("ahead", rank=3, right=True),
    Column("behind", rank=4, right=True),
    Column("changed", rank=1, right=True),
    Column("new", rank=1, right=True),
    Column("unpushed", rank=3, right=True),
    Column("size", rank=4, right=True),
    Column("unused", rank=4, right=True),
    Column("made by", rank=2),
    Column("used by", flexible=True),
)


@app.command(name="list")
def list_worktrees(*, as_json: Annotated[bool, JSON] = False) -> int:
    """Every worktree of the repository: what is in it, how far it is, who uses it.

    Parameters
    ----------
    as_json
        Print one JSON document.
    """
    from sweeptree.worktrees.manager import all_salvages, survey

    repo = _repository()
    rows, saved = survey(repo), all_salvages(repo)
    if as_json:
        document = {
            "worktrees": [{**asdict(row), "is_ours": row.is_ours} for row in rows],
            "saved": [asdict(each) for each in saved],
        }
        _print_json(document)
        return 0
    write_out("\n".join(table(_COLUMNS, [_cells(row) for row in rows], width())) + "\n")
    for row in rows:
        if row.trouble:
            say(f"! {printable(row.name)}: {printable(row.trouble)}")
    for each in saved:
        what = f": {each.what}" if each.what else ""
        say(f"  saved {each.saved[:16]}Z {printable(each.name + what)}")
    if saved:
        say("  sweeptree worktree restore NAME brings one back")
    return 0


def _cells(row: Row) -> list[str]:
    ours = "sweeptree" if row.is_ours else ("-" if row.kind == "main" else "others")
    return [
        printable(row.name),
        printable(row.branch or "(detached)"),
        _number(row.ahead),
        _number(row.behind),
        _number(row.changed),
        _number(row.made),
        _number(row.unpushed or 0),
        _size(row.size),
        _age(row.age),
        ours,
        printable(", ".join(row.users)),
    ]


def _number(many: int) -> str:
    return str(many) if many else ""


def _size(many: float) -> str:
    for unit in ("B", "K", "M", "G"):
        if many < 1024:
            return f"{many:.0f}{unit}" if unit == "B" or many >= 10 else f"{many:.1f}{unit}"
        many /= 1024
    return f"{many:.1f}T"


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


@app.command
def create(  # noqa: PLR0913
    name: str,
    /,
    *,
    start: Annotated[str, _FROM, _LEADING_HYPHEN] = "HEAD",
    branch: str | None = None,
    detach: Annotated[bool, FLAG] = False,
    links: str | None = None,
    share: Literal["reflink", "hardlink", "link", "copy"] = "reflink",
    setup: Annotated[str | None, _LEADING_HYPHEN] = None,
    setup_timeout: str = "1h",
    lease_pid: int | None = None,
    no_ports: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Make a worktree, with the files of .worktreeinclude, ten ports of its own and a lease.

    Parameters
    ----------
    name
        Its name: letters, digits, '.', '_' and '-'.
    start
        The commit, branch or tag to start from.
    branch
        The branch it is on, made if need be; default: sweeptree/worktree/NAME.
    detach
        Make no branch.
    links
        Folders that are linked from your checkout, a,b; default: a data/ that is not in the commit.
    share
        How big files of .worktreeinclude get there: a reflink where the disk can (else a copy), a
        hardlink, a link, or a copy.
    setup
        A command that makes it ready, such as 'uv sync'. What it made that git ignores is brought
        again for the next worktree with the same lock files.
    setup_timeout
        Longest time for it: 90s, 30m, 2h.
    lease_pid
        The process that has the worktree until it ends; default: the one that called; 0: none.
    no_ports
        Give it no ports.
    as_json
        Print one JSON document.
    """
    from sweeptree.model.text import parse_duration, parse_words
    from sweeptree.settings import Settings
    from sweeptree.supervise.environment import without_own_venv
    from sweeptree.worktrees.manager import Order, Share, wording
    from sweeptree.worktrees.manager import create as make

    if detach and branch:
        raise UsageError("--detach and --branch exclude each other", hint="leave one of them out")
    order = Order(
        name,
        ref=start,
        branch="" if detach else branch or None,
        links=None if links is None else parse_words(links),
        share=Share(share),
        setup=setup,
        setup_timeout=parse_duration(setup_timeout),
        lease_pid=os.getppid() if lease_pid is None else lease_pid,
        ports=not no_ports,
    )
    made = make(
        _repository(),
        order,
        environment=without_own_venv(os.environ),
        ports_folder=Settings().home / "ports",
    )
    if as_json:
        _print_json(asdict(made))
        return 0
    write_out(f"{printable(wording.made_sentence(made))}\n")
    for note in [made.setup, *made.notes]:
        if note:
            say(f"  {printable(note)}")
    say(f"  cd {printable(made.path)}")
    if made.port is not None:
        say(f"  export SWEEPTREE_PORT={made.port}   # to {made.port + 9} are yours")
    return 0


@app.command
def remove(
    names: Annotated[tuple[str, ...], Parameter(negative=())],
    /,
    *,
    dry_run: Annotated[bool, FLAG] = False,
    yes: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Remove worktrees that sweeptree made and nobody uses; what only they have is saved first.

    Parameters
    ----------
    names
        Their names or paths; of a kept job: SWEEP/job_3.
    dry_run
        Say what would be saved; change nothing. Without --yes, only a terminal is asked.
    yes
        Remove without asking.
    as_json
        Print one JSON document.
    """
    from sweeptree.worktrees.manager import remove as take_away

    repo = _repository()
    planned = [take_away(repo, name, dry_run=True) for name in names]
    if dry_run or not _may(planned, yes=yes, as_json=as_json):
        return _show(planned, is_dry=True, as_json=as_json, is_asked=not dry_run)
    done = [take_away(repo, each.name) for each in planned]
    return _show(done, is_dry=False, as_json=as_json)


@app.command
def clean(  # noqa: PLR0913
    *,
    merged: Annotated[bool, FLAG] = False,
    older_than: str | None = None,
    keep: int = 0,
    max_disk: str | None = None,
    salvage: Annotated[bool, FLAG] = False,
    dry_run: Annotated[bool, FLAG] = False,
    yes: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Remove worktrees that nobody needs, and say why each of the others stays.

    Without --salvage, one with uncommitted, unpushed or unmerged work always stays.

    Parameters
    ----------
    merged
        Only those whose commits are all in the trunk (the remote's default branch, or yours).
    older_than
        Only those not used for so long: 12h, 14d.
    keep
        So many of the last used stay.
    max_disk
        Only as many as bring all of them below this size, longest unused first: 50G.
    salvage
        Also those that hold work, after it was saved; `restore` brings it back.
    dry_run
        Say what would go and why; change nothing. Without --yes, only a terminal is asked.
    yes
        Clean up without asking.
    as_json
        Print one JSON document.
    """
    from sweeptree.model.text import parse_duration, parse_mebibytes
    from sweeptree.worktrees.manager import CleanOrder
    from sweeptree.worktrees.manager import clean as clean_up

    order = CleanOrder(
        merged=merged,
        older_than=parse_duration(older_than) if older_than else 0.0,
        keep=_natural("--keep", keep),
        max_disk=None if max_disk is None else parse_mebibytes(max_disk),
        salvage=salvage,
    )
    repo = _repository()
    planned = clean_up(repo, order, dry_run=True)
    if dry_run or not _may(planned, yes=yes, as_json=as_json):
        return _show(planned, is_dry=True, as_json=as_json, is_asked=not dry_run)
    return _show(clean_up(repo, order, dry_run=False), is_dry=False, as_json=as_json)


def _natural(option: str, number: int) -> int:
    if number < 0:
        raise UsageError(f"{option} {number}: it cannot be less than 0", hint=f"{option} 5")
    return number


@app.command
def repair(*, as_json: Annotated[bool, JSON] = False) -> int:
    """End what killed commands left of our worktrees. Nothing that holds work is deleted.

    Parameters
    ----------
    as_json
        Print one JSON document.
    """
    from sweeptree.worktrees.manager import mend

    done = mend(_repository())
    if as_json:
        _print_json({"done": done})
        return 0
    write_out("".join(f"{printable(line)}\n" for line in done or ["nothing was to be repaired"]))
    return 0


@app.command
def restore(name: str, /, *, as_json: Annotated[bool, JSON] = False) -> int:
    """Bring back what was saved of a worktree: files, index, commits, repositories inside.

    Parameters
    ----------
    name
        The name it was saved under, or the worktree's: its last removal. `list` shows them.
    as_json
        Print one JSON document.
    """
    from sweeptree.worktrees.manager import restore as bring_back
    from sweeptree.worktrees.manager import wording

    back = bring_back(_repository(), name)
    if as_json:
        _print_json(asdict(back))
    else:
        write_out(f"{printable(wording.restored_sentence(back))}\n")
    return 0


def _repository() -> Repository:
    from sweeptree.repository import find_repository

    return find_repository(Path.cwd())


def _may(planned: Sequence[Removal], *, yes: bool, as_json: bool) -> bool:
    """Whether what is planned may be done: --yes, or somebody at a terminal says so."""
    going = [each for each in planned if each.fate != "kept"]
    if yes or not going:
        return True
    if as_json or not somebody_types():
        return False
    _show(planned, is_dry=True, as_json=False)
    return agreed(f"remove {counted(len(going), 'worktree')}?")


def _show(
    removals: Sequence[Removal], *, is_dry: bool, as_json: bool, is_asked: bool = False
) -> int:
    """Print what became of worktrees. Exit code 3 where a removal was asked for and not done."""
    from sweeptree.worktrees.manager import wording

    if as_json:
        _print_json({"dry_run": is_dry, "worktrees": [asdict(each) for each in removals]})
    else:
        for each in removals:
            line = wording.removal_sentence(each, is_dry=is_dry)
            write_out(f"{printable(line)}\n")
        if not removals:
            write_out("sweeptree made no worktree here\n")
    if not (is_dry and is_asked):
        return ExitCode.OK
    say("  nothing was removed: add --yes")
    return ExitCode.REFUSED


def _print_json(document: Any) -> None:
    write_out(json.dumps(document, ensure_ascii=False, default=str) + "\n")
