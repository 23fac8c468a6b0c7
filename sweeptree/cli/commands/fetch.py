"""`sweeptree fetch`: the sweeps that others have shared."""

from __future__ import annotations

import os
from pathlib import Path

from sweeptree.cli.find import shared_folder
from sweeptree.cli.screens.terminal import counted, printable, say, write_out
from sweeptree.repository import find_repository
from sweeptree.repository.repository import hide_from_git
from sweeptree.settings import Settings


def fetch(remote: str = "origin", /) -> int:
    """Bring the results that were shared on a remote. `status --shared` lists them; `show`,
    `compare`, `report`, `export` and `reproduce` take them as REMOTE/NAME.

    Parameters
    ----------
    remote
        Name of the remote.
    """
    from sweeptree.publish.delivery import Context, Options, find_target
    from sweeptree.publish.sharing import fetch as bring_results

    repo = find_repository(Path.cwd())
    target = find_target(repo.start, Options(remote=remote), Context.of(Settings(), os.environ))
    hide_from_git(repo)
    done = bring_results(repo.start, target, shared_folder() / remote)
    for line in done.left_out:
        say(f"! {printable(line)}")
    for name in done.news:
        write_out(f"{remote}/{name}\n")
    say(f"{counted(done.total, 'sweep')} on {remote}, {len(done.news)} of them new or changed")
    if done.total:
        say("  sweeptree status --shared")
    return 0
