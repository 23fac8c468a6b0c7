"""`sweeptree init`: what a repository needs so that sweeptree is there where people work."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from sweeptree import dispatch
from sweeptree.cli.options import FLAG
from sweeptree.cli.screens.terminal import (
    agreed,
    counted,
    printable,
    say,
    somebody_types,
    write_out,
)
from sweeptree.dispatch import Change, Part, Planned
from sweeptree.errors import Refused
from sweeptree.model import ExitCode
from sweeptree.repository import Repository, find_repository
from sweeptree.repository.repository import short_name

Only = Literal["chat", "nightly", "shims", "options"]

_WORDS = {
    Change.NEW: "write",
    Change.STALE: "bring up to date",
    Change.SAME: "as it should be",
    Change.KEPT: "yours, stays",
    Change.EDITED: "changed by hand",
    Change.BLOCKED: "cannot be written",
}
_CHECKED = {Change.NEW: "missing", Change.STALE: "out of date"}


def init(
    *,
    only: Only | None = None,
    check: Annotated[bool, FLAG] = False,
    yes: Annotated[bool, FLAG] = False,
    dry_run: Annotated[bool, FLAG] = False,
) -> int:
    """Write into this repository what editors, coding agents and the night need of sweeptree.

    Options in sweeptree.toml, agent files and a skill for chats, an MCP server's entry, deployments
    and a workflow for the night, and scripts/agents/ with the command lines that scripts already
    have. It shows what it will write and asks. What stands there already is never overwritten, but
    for files of its own that nobody changed.

    Parameters
    ----------
    only
        Write one part: chat, nightly, shims or options.
    check
        Write nothing; say what is missing or out of date, and exit with 1 if something is.
    yes
        Do not ask. Files that somebody changed stay all the same.
    dry_run
        Show what would be written, and write nothing.
    """
    repo = find_repository(Path.cwd())
    if repo.is_bare:
        raise Refused("a bare repository has no files", hint="go to a worktree of it")
    wanted = dispatch.wanted_files(short_name(repo))
    parts = [Part(only)] if only else list(Part)
    planned = dispatch.compare(repo.start, [file for file in wanted if file.part in parts])
    if check:
        return _checked(planned)
    return _initialise(repo, planned, dry_run=dry_run, yes=yes)


def _initialise(repo: Repository, planned: Sequence[Planned], *, dry_run: bool, yes: bool) -> int:
    _show(repo, planned)
    to_write = [each for each in planned if each.change in (Change.NEW, Change.STALE)]
    if dry_run:
        return ExitCode.OK
    if to_write and not yes and not _may_write(len(to_write)):
        return ExitCode.REFUSED
    edited = [each for each in planned if each.change is Change.EDITED]
    agreed_to = [] if yes else _asked_about(edited)
    dispatch.write(repo.start, [*to_write, *agreed_to])
    dispatch.note_command(repo, shutil.which("sweeptree") or sys.argv[0])
    _say_end(len(to_write) + len(agreed_to))
    return ExitCode.OK


def _show(repo: Repository, planned: Iterable[Planned]) -> None:
    write_out(f"{repo.start}\n")
    for each in planned:
        why = f": {each.why}" if each.why else ""
        write_out(f"  {_WORDS[each.change]:<18} {printable(each.file.path)}{why}\n")


def _may_write(many: int) -> bool:
    if not somebody_types():
        say("nothing was written: nobody can be asked here; add --yes")
        return False
    if agreed(f"write {counted(many, 'file')}?"):
        return True
    say("nothing was written")
    return False


def _asked_about(edited: Sequence[Planned]) -> list[Planned]:
    """The files that somebody changed and that are to be written all the same."""
    if not somebody_types():
        return []
    return [each for each in edited if agreed(f"{each.file.path} was changed by hand. Overwrite?")]


def _say_end(many: int) -> None:
    if not many:
        say("everything is as it should be")
        return
    say(f"wrote {counted(many, 'file')}; git status shows them, commit them when you agree")
    say(
        "Next:  put your commands into scripts/agents/commands.nightly.json, then: sweeptree deploy"
    )


def _checked(planned: Iterable[Planned]) -> int:
    """Say what `init` would write; 1 when there is something."""
    found = [each for each in planned if each.change in _CHECKED]
    for each in found:
        write_out(f"{_CHECKED[each.change]}: {printable(each.file.path)}\n")
    if not found:
        write_out("nothing is missing or out of date\n")
        return ExitCode.OK
    say(f"Next:  sweeptree init   writes {counted(len(found), 'file')}")
    return ExitCode.JOBS_FAILED
