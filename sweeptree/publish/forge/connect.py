"""From a remote's URL to a forge that can be asked, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from sweeptree.errors import UsageError
from sweeptree.publish.forge.address import RepoAddress, is_full_name
from sweeptree.publish.forge.base import Forge
from sweeptree.publish.forge.pace import Pace
from sweeptree.publish.forge.tokens import Token


def connect(
    address: RepoAddress,
    token: Token,
    *,
    state: Path,
    github_url: str | None = None,
    pace: Pace | None = None,
) -> Forge:
    """The forge of a repository.

    Makes no request. `state`: a folder for the file that paces all writes to a host.
    """
    from sweeptree.publish.forge.client import Client
    from sweeptree.publish.forge.pulls import GitHub

    pace = pace or Pace(state / f"forge-{_file_name(address.host)}.lock")
    api_url = address.api_url
    if github_url and urlsplit(github_url).netloc.lower() == address.host:
        api_url = github_url.rstrip("/")
    return GitHub(address.full_name, Client(api_url, address.full_name, token, pace))


def _file_name(host: str) -> str:
    return "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in host)


def pull_request_repository(
    address: RepoAddress, *, repo: str | None = None, github_url: str | None = None
) -> RepoAddress:
    """The repository that pull requests go to: `repo` (OWNER/REPO) on the remote's host, by default
    the remote's own.

    An ssh remote whose host is only a name in the user's ssh configuration is found on
    `github_url`'s host.
    """
    if repo is not None:
        if not is_full_name(repo):
            raise UsageError(f"{repo!r} is not a repository", hint="write it as OWNER/REPO")
        owner, _, name = repo.partition("/")
        address = replace(address, owner=owner, name=name)
    if github_url and address.scheme == "ssh" and not address.is_github:
        api = urlsplit(github_url)
        return replace(address, scheme=api.scheme, host=api.netloc.lower())
    return address


def missing_token_hints(address: RepoAddress, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What to do where no token was found."""
    if not address.may_carry_token:
        return (f"no token is sent to {address.host} over plain http: use an https or ssh remote",)
    if address.is_github:
        return ("export GH_TOKEN=<token>   or: gh auth login",)
    if environ.get("GH_HOST") == address.host:
        return ("export GH_ENTERPRISE_TOKEN=<token>",)
    export = f"export GH_HOST={address.host} GH_ENTERPRISE_TOKEN=<token>"
    return (f"{export}   or: gh auth login --hostname {address.host}",)
