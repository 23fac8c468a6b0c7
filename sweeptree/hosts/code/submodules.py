"""The commits of submodules, each to a bare repository of its own on the host.

The host's repository of the project is told where they are, so that the set-up command
`git submodule update --init` brings them from there instead of over the network. Submodules inside
submodules, and those that are empty here, it brings from their URL, as it does here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.hosts.code.commits import SentCommit, send_commit
from sweeptree.hosts.far.asking import Question, ask
from sweeptree.hosts.remote import Site
from sweeptree.repository import Repository, find_repository, plumbing
from sweeptree.repository.branches import commit_of

# Git fetches a submodule from a folder only when told that it may; jobs need it (`keep_env`).
ENVIRONMENT = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}


@dataclass(frozen=True, slots=True)
class Submodule:
    """A submodule of a commit: its name in .gitmodules, its path, and the commit it is at."""

    name: str
    path: str
    commit: str


def send_submodules(repo: Repository, sent: SentCommit, site: Site) -> tuple[str, ...]:
    """Bring the commits of all submodules that are here; a sentence for each that is not.

    Raises what `send_commit` raises.
    """
    lacking = []
    for each in submodules(repo, sent.commit):
        place = repo.start / each.path
        if not _has(place, each.commit):
            lacking.append(f"the submodule {each.path} is not here: jobs must fetch it themselves")
            continue
        theirs = send_commit(find_repository(place), each.commit, site)
        _lead(sent, each, theirs, site)
    return tuple(lacking)


def submodules(repo: Repository, commit: str) -> Iterator[Submodule]:
    """The submodules that a commit names in its .gitmodules."""
    words = ("config", "-z", f"--blob={commit}:.gitmodules", "--get-regexp", r"\.path$")
    answer = plumbing.ask(repo.start, *words)
    if answer.code:
        return
    for entry in plumbing.names(answer.out):
        key, _, path = entry.partition("\n")
        name = key.removeprefix("submodule.").removesuffix(".path")
        pinned = _pinned(repo, commit, path)
        if pinned:
            yield Submodule(name, path, pinned)


def _pinned(repo: Repository, commit: str, path: str) -> str:
    """The commit that a submodule is at; empty for a path that is none."""
    call = plumbing.Call(env={"GIT_LITERAL_PATHSPECS": "1"})
    words = ("ls-tree", "-z", "--full-tree", commit, "--", path)
    listing = plumbing.run(repo.start, *words, call=call)
    facts, _, _ = os.fsdecode(listing).partition("\t")
    match facts.split():
        case ["160000", "commit", pinned]:
            return pinned
    return ""


def _has(place: Path, commit: str) -> bool:
    is_repository = (place / ".git").exists()
    return is_repository and commit_of(place, commit) is not None


def _lead(sent: SentCommit, each: Submodule, theirs: SentCommit, site: Site) -> None:
    request = {
        "verb": "set",
        "cache": sent.cache,
        "key": f"submodule.{each.name}.url",
        "value": theirs.cache,
    }
    ask(site, Question("cache", request))
