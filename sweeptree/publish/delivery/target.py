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
from sweeptree.repository.guards import Limits
from sweeptree.repository.remotes import Remote

_NEVER = ("main", "master", "HEAD")
_NO_FORGE = (
    "the remote is a folder or an address without OWNER/REPO: open the pull request on its site"
)
_CLEAN_URL = "the remote's URL holds a token: git remote set-url takes it out"


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
        hint = f"there is no remote {options.remote!r}: git remote add {options.remote} URL"
        return Target(base=base, hints=(hint,))

    address = forge.parse_remote(url)
    if address is None:
        return Target(Remote(options.remote, url), base=base, hints=(_NO_FORGE,))
    return _on_forge(address, Remote(options.remote, url), options, context, base)


def _on_forge(
    address: RepoAddress, raw: Remote, options: Options, context: Context, base: str | None
) -> Target:
    place = forge.pull_request_repository(address, repo=options.repo, github_url=context.github_url)
    token = forge.find_token(place, context.environ, context.github_url)
    remote = _with_access(raw, token if place.host == address.host else None)
    if token is None:
        hints = forge.missing_token_hints(place, context.environ)
        return Target(remote, base=base, owner=address.owner, hints=hints)

    connected = forge.connect(
        place, token, state=context.state, github_url=context.github_url, pace=context.pace
    )
    hints = (_CLEAN_URL,) if address.secret else ()
    return Target(remote, connected, base, address.owner, token, hints)


def _with_access(raw: Remote, token: Token | None) -> Remote:
    """The remote with its secret out of the URL and into git's environment."""
    clean = forge.without_secret(raw.url)
    return Remote(raw.name, clean, forge.git_credentials(clean, token))


def guard_limits(options: Options, target: Target) -> Limits:
    """What may leave this machine in a delivery to this target."""
    known = (target.token.value,) if target.token else ()
    return Limits(allow_workflows=options.allow_workflows, known=known)


def check_branch(top: Path, branch: str, base: str | None) -> None:
    """Raise UsageError for a name that cannot be, or that is the base of others' work."""
    branches.check_branch_name(top, branch)
    if branch in _NEVER or branch == base:
        raise UsageError(
            f"{branch} is a base branch: nothing is pushed to it",
            hint="deliver to a branch of its own, then: sweeptree merge",
        )
