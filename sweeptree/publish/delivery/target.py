"""Where a delivery goes: the remote, the repository on its forge, the token for its host, the base
branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.errors import UsageError
from sweeptree.publish import forge
from sweeptree.publish.delivery.values import Context, Options
from sweeptree.publish.forge import Forge, RepoAddress, Token
from sweeptree.repository import branches, remotes
from sweeptree.repository.remotes import Remote

_NEVER = ("main", "master", "HEAD")


@dataclass(frozen=True, slots=True)
class Target:
    """`remote` None: there is none.

    `forge` None: no pull request can be opened, and `hints` say why.

    `base` None: only the remote knows its default branch. `owner`: whose repository gets the
    branch.
    """

    remote: Remote | None = None
    forge: Forge | None = None
    base: str | None = None
    owner: str = ""
    token: Token | None = field(default=None, repr=False)
    hints: tuple[str, ...] = ()


def find_target(top: Path, options: Options, context: Context) -> Target:
    """Find out where to deliver. Asks the repository, the environment and gh; makes no request."""
    url = remotes.push_url(top, options.remote)
    base = options.base or remotes.default_branch(top, options.remote)
    if url is None:
        return Target(
            base=base,
            hints=(f"there is no remote {options.remote!r}: git remote add {options.remote} URL",),
        )
    address = forge.parse_remote(url)
    if address is None:
        hint = "the remote is a folder or an address without OWNER/REPO: open the pull request on its site"
        return Target(Remote(options.remote, url), base=base, hints=(hint,))
    return _on_forge(address, url, base, options, context)


def _on_forge(
    address: RepoAddress, url: str, base: str | None, options: Options, context: Context
) -> Target:
    place = forge.located(address, repo=options.repo, github_url=context.github_url)
    token = forge.find_token(place, context.environ, context.github_url)
    clean = forge.without_secret(url)
    remote = Remote(
        options.remote,
        clean,
        forge.git_credentials(clean, token if place.host == address.host else None),
    )
    if token is None:
        return Target(
            remote,
            base=base,
            owner=address.owner,
            hints=forge.without_token(place, context.environ),
        )
    hints = (
        ("the remote's URL holds a token: git remote set-url takes it out",)
        if address.secret
        else ()
    )
    made = forge.connect(
        place, token, state=context.state, github_url=context.github_url, pace=context.pace
    )
    return Target(remote, made, base, address.owner, token, hints)


def check_branch(top: Path, branch: str, base: str | None) -> None:
    """Raise UsageError for a name that cannot be, or that is the base of others' work."""
    branches.check_branch_name(top, branch)
    if branch in _NEVER or branch == base:
        raise UsageError(
            f"{branch} is a base branch: nothing is pushed to it",
            hint="deliver to a branch of its own, then: sweeptree merge",
        )
