"""Which token goes to which host, and how git gets it without anybody else seeing it.

A token is sent only to the host that it belongs to: a remote somewhere else, or one over plain
http, gets none. Git receives it in its own environment (GIT_CONFIG_*), never in its words, a URL or
a file.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sweeptree.errors import UsageError
from sweeptree.publish.forge.address import RepoAddress

_GH_TIMEOUT = 5.0
_VISIBLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it was found. Never shown: not in repr, not in messages."""

    value: str = field(repr=False)
    source: str


def find_token(
    address: RepoAddress, environ: Mapping[str, str], github_url: str | None = None
) -> Token | None:
    """The first token that belongs to the host of `address`; None when there is none, or no safe
    way to send it.

    Order: SWEEPTREE_GITHUB_TOKEN, the host's environment variables (as gh documents them), gh's own
    login, a password in the remote's URL. Raises UsageError for a token that cannot be one.
    """
    if not address.may_carry_token:
        return None
    for name in _variables(address, environ, github_url):
        value = environ.get(name, "").strip()
        if value:
            return _checked(value, name)
    value = _gh_login(address.host, environ)
    if value:
        return _checked(value, f"gh auth login ({address.host})")
    return _checked(address.secret, "the remote's URL") if address.secret else None


def _variables(
    address: RepoAddress, environ: Mapping[str, str], github_url: str | None
) -> Iterator[str]:
    is_named = address.host in (environ.get("GH_HOST"), _host(github_url))
    if address.is_github or is_named:
        yield "SWEEPTREE_GITHUB_TOKEN"
    if address.is_github:
        yield "GH_TOKEN"
        if _host(environ.get("GITHUB_SERVER_URL")) in (None, address.host):
            # on a runner of GitHub Enterprise this one belongs to the Enterprise
            yield "GITHUB_TOKEN"
    elif is_named:
        yield from ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
    if not address.is_github and _host(environ.get("GITHUB_SERVER_URL")) == address.host:
        yield "GITHUB_TOKEN"


def _host(url: str | None) -> str | None:
    return urlsplit(url).netloc.lower() or None if url else None


def _checked(value: str, source: str) -> Token:
    if not _VISIBLE.fullmatch(value):
        raise UsageError(
            f"the token from {source} holds spaces or control characters", hint="copy it again"
        )
    return Token(value, source)


def _gh_login(host: str, environ: Mapping[str, str]) -> str:
    if shutil.which("gh", path=environ.get("PATH")) is None:
        return ""
    try:
        answer = subprocess.run(
            ("gh", "auth", "token", "--hostname", host),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GH_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if not answer.returncode else ""


def git_credentials(url: str, token: Token | None) -> tuple[tuple[str, str], ...]:
    """Settings of git for one remote, to travel in its environment.

    Without a token the user's own helpers serve.

    The header goes to the scheme, host and port of `url` only. The empty one before it drops a
    header of the user's own configuration (actions/checkout leaves one): two would be refused.
    """
    parts = urlsplit(url) if "://" in url else None
    if token is None or parts is None or parts.scheme not in ("http", "https"):
        return ()
    basic = base64.b64encode(f"x-access-token:{token.value}".encode()).decode()
    key = f"http.{parts.scheme}://{parts.netloc.rpartition('@')[2]}/.extraHeader"
    return (("credential.helper", ""), (key, ""), (key, f"Authorization: Basic {basic}"))
