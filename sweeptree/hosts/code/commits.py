"""A commit, to the one bare repository that a host has of this project.

Hides the three ways: it is there, the host fetches it from the origin, we push it (or send a pack
where git cannot push). The first push is everything, later ones are what is new.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sweeptree.errors import PushError, Refused, SweeptreeError
from sweeptree.hosts.far.asking import Question, ask, pour
from sweeptree.hosts.far.cache import PINNED
from sweeptree.hosts.remote import Site
from sweeptree.repository import Repository, plumbing, remotes
from sweeptree.repository.repository import short_name
from sweeptree.system.files import write_bytes

How = Literal["there", "origin", "push", "pack"]
_ID_FILE = "sweeptree.id"
_ID = re.compile(r"[0-9a-f]{12}")
_SECONDS = 3600.0  # for the first push of a large project
_CREDENTIALS = re.compile(r"^(https?://)[^/@]*@")
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SentCommit:
    """Where a commit is on a host, and how it came there.

    `note` says what was in the way of a shorter one.
    """

    cache: str
    commit: str
    how: How
    note: str = ""


def cache_place(repo: Repository, site: Site) -> str:
    """The folder of the project's bare repository on the host: one for each clone here."""
    name = f"{short_name(repo)}-{clone_id(repo)}.git"
    return site.place("cache", name)


def clone_id(repo: Repository) -> str:
    """What tells this clone from others, wherever it is moved: made once, in a file of ours."""
    place = repo.common_dir / _ID_FILE
    with plumbing.worktrees_lock(repo.common_dir):
        if not place.is_file():
            new = secrets.token_hex(6)
            write_bytes(place, new.encode())
        found = place.read_text(errors="replace").strip()
    if not _ID.fullmatch(found):
        raise Refused(f"{place} does not hold an id", hint=f"rm {place}")
    return found


def send_commit(repo: Repository, commit: str, site: Site) -> SentCommit:
    """Bring a commit, with all it leads to, to a host.

    Raises Refused for a shallow clone that the origin cannot help out, SweeptreeError.
    """
    request = _request(repo, commit, site)
    seen = ask(site, Question("cache", {**request, "verb": "look"}))
    cache = request["cache"]
    if seen["there"]:
        return SentCommit(cache, commit, seen["how"])
    if repo.is_shallow:
        raise _shallow(repo, site)
    error = _push(repo, commit, site, cache)
    if error is None:
        return SentCommit(cache, commit, "push", seen["why"])
    _send_pack(repo, commit, site, {**request, "has": seen["has"]})
    return SentCommit(cache, commit, "pack", error.message)


def _request(repo: Repository, commit: str, site: Site) -> dict[str, str]:
    branch = _branch_of_origin(repo, commit)
    return {
        "cache": cache_place(repo, site),
        "commit": commit,
        "format": plumbing.text(repo.start, "rev-parse", "--show-object-format"),
        "origin": origin_url(repo) if branch else "",
        "branch": branch,
    }


def origin_url(repo: Repository) -> str:
    """Where a host can fetch from, without user name and password; empty when there is nothing."""
    answer = plumbing.ask(repo.start, "remote", "get-url", "origin")
    url = os.fsdecode(answer.out).strip()
    if answer.code or url.startswith("-"):
        return ""
    return _CREDENTIALS.sub(r"\1", url)


def _branch_of_origin(repo: Repository, commit: str) -> str:
    """A branch of the origin that holds the commit, as far as this clone knows."""
    prefix = "refs/remotes/origin/"
    words = ("for-each-ref", f"--contains={commit}", "--format=%(refname)", prefix)
    answer = plumbing.ask(repo.start, *words)
    found = os.fsdecode(answer.out).split("\n")
    names = [ref.removeprefix(prefix) for ref in found if ref]
    return next((name for name in names if name != "HEAD"), "")


def git_remote(site: Site, cache: str) -> remotes.Remote:
    """The bare repository of a host, as git reaches it."""
    return remotes.Remote(
        name=site.host.name,
        url=f"{site.host.address}:{cache}",
        access=(("fetch.unpackLimit", "1"), ("core.fsync", "committed,reference")),
        ssh=site.remote.ssh_command(),
        timeout=_SECONDS,
    )


def _push(repo: Repository, commit: str, site: Site, cache: str) -> PushError | None:
    remote = git_remote(site, cache)
    try:
        remotes.push_ref(repo.start, remote, commit, f"{PINNED}/{commit}", expected=None)
    except PushError as error:
        return error
    return None


def _send_pack(repo: Repository, commit: str, site: Site, request: dict[str, Any]) -> None:
    """The way for hosts where git itself is not found by ssh."""
    known = _known(repo, request["has"])
    question = Question("cache", {**request, "verb": "pack"})
    answer = pour(site, question, _pack(repo.start, commit, known))
    if not answer["there"]:
        raise SweeptreeError(
            f"{site.host.name} lacks parts of {commit[:12]} after all was sent",
            hint=site.remote.typed("git", "-C", request["cache"], "fsck"),
        )


def _known(repo: Repository, commits: list[str]) -> list[str]:
    """Those of the host's commits that are here too."""
    if not commits:
        return []
    wanted = "\n".join(commits).encode()
    words = ("cat-file", "--batch-check=%(objectname) %(objecttype)")
    answer = plumbing.run(repo.start, *words, call=plumbing.Call(wanted))
    lines = answer.decode().splitlines()
    return [line.split()[0] for line in lines if line.endswith(" commit")]


def _pack(top: Path, commit: str, known: list[str]) -> Iterator[bytes]:
    words = ("pack-objects", "--revs", "--thin", "--stdout", "-q", "--delta-base-offset")
    process = subprocess.Popen(
        ["git", *plumbing.OPTIONS, *words],
        cwd=top,
        env=plumbing.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None and process.stdout is not None
        leave_out = [f"^{each}" for each in known]
        process.stdin.write("\n".join([commit, *leave_out, ""]).encode())
        process.stdin.close()
        while chunk := process.stdout.read(_CHUNK):
            yield chunk


def _shallow(repo: Repository, site: Site) -> Refused:
    return Refused(
        f"{repo.start} is a shallow clone: {site.host.name} cannot be given whole commits",
        hint=(
            "git fetch --unshallow",
            f"or push the commit where {site.host.name} can fetch it: git push origin HEAD",
        ),
    )
