"""A host's own set-up command (`[hosts.NAME] setup`): once for the same lock files.

Hides where it runs on the host, and what makes two commits alike for it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweeptree.errors import SweeptreeError
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

    Raises SweeptreeError with the end of its output when it fails, and with where it stands.
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
    if "failed" in answer:
        raise _failed(site.host.name, command, answer)
    return SetUp(answer["top"], tuple(answer["paths"]))


def _failed(name: str, command: str, answer: Mapping[str, Any]) -> SweeptreeError:
    stands = f"{command}: [hosts.{name}] setup in sweeptree.toml"
    mend = "mend it in sweeptree.toml; then sweeptree resume goes on with the sweep"
    return SweeptreeError(
        f"{name}: {answer['failed']} ({stands})",
        hint=(*answer["lines"], mend),
    )


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
