"""A host's own set-up command (`[hosts.NAME] setup`): once for the same lock files.

Hides where it runs on the host, and what makes two commits alike for it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from sweeptree.hosts.code.commits import SentCommit
from sweeptree.hosts.far.asking import Question, ask
from sweeptree.hosts.remote import Site
from sweeptree.repository import Repository, plumbing
from sweeptree.worktrees.manager.setup_cache import is_lock_file

TIMEOUT = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class SetUp:
    """What the command made on the host: `paths` below the folder `top`."""

    top: str
    paths: tuple[str, ...] = ()


def set_up(
    repo: Repository, sent: SentCommit, site: Site, *, timeout: float = TIMEOUT
) -> SetUp | None:
    """Run the host's set-up command, unless it has run for these lock files; None without one.

    Raises SweeptreeError with the end of its output when it fails.
    """
    command = site.host.setup
    if not command:
        return None
    request = {
        "cache": sent.cache,
        "commit": sent.commit,
        "command": command,
        "place": site.place("setup", setup_key(repo, sent, command)),
        "timeout": timeout,
    }
    answer = ask(site, Question("setup", request))
    return SetUp(answer["top"], tuple(answer["paths"]))


def setup_key(repo: Repository, sent: SentCommit, command: str) -> str:
    """What decides what the command makes: itself and the lock files, or the commit without any."""
    answer = plumbing.run(repo.start, "ls-tree", "-r", "-z", sent.commit)
    entries = plumbing.names(answer)
    pinning = [entry for entry in entries if _is_pinning(entry)]
    deciding = pinning or [sent.commit]
    facts = "\0".join([sent.cache, command, *deciding])
    digest = hashlib.sha256(os.fsencode(facts))
    return digest.hexdigest()[:24]


def _is_pinning(entry: str) -> bool:
    _, _, path = entry.partition("\t")
    return is_lock_file(path)
