"""Where a repository lives on its forge, read from the URL of a git remote.

Hides: the spellings of remotes (https, ssh, scp-like, with ports and user names) and where each
host has its API.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_SCP = re.compile(r"(?:[^@/\s:]+@)?(?P<host>\[[0-9A-Fa-f:]+\]|[^:/\s@]+):(?P<path>(?!/{2}).+)")
_PATH = re.compile(r"/?(?P<owner>[A-Za-z0-9_.-]+)/(?P<name>[A-Za-z0-9_.-]+?)(?:\.git)?/?")
_FULL_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_SAME_HOST = {"ssh.github.com": "github.com", "www.github.com": "github.com"}
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class RepoAddress:
    """A repository on a forge.

    `host` carries a port where the URL had one; `secret`: a password in the URL.
    """

    scheme: str
    host: str
    owner: str
    name: str
    secret: str | None = field(default=None, repr=False)

    @property
    def full_name(self) -> str:
        """owner/name."""
        return f"{self.owner}/{self.name}"

    @property
    def is_github(self) -> bool:
        """True on github.com and its data-residency hosts: the tokens in GH_TOKEN and GITHUB_TOKEN
        belong there."""
        return self.host == "github.com" or self.host.endswith(".ghe.com")

    @property
    def api_url(self) -> str:
        """Base URL of the REST API, for github.com, *.ghe.com and GitHub Enterprise Server."""
        if self.host == "github.com":
            return "https://api.github.com"
        if self.host.endswith(".ghe.com"):
            return f"https://api.{self.host}"
        return f"{'http' if self.scheme == 'http' else 'https'}://{self.host}/api/v3"

    @property
    def may_carry_token(self) -> bool:
        """A token may go over https and ssh; over plain http only inside this machine."""
        return self.scheme != "http" or is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses, with or without a port."""
    return host in _LOOPBACK or host.rpartition(":")[0] in _LOOPBACK


def parse_remote(url: str) -> RepoAddress | None:
    """The repository that a remote's URL names; None for a path, or anything that is not OWNER/NAME
    on a host."""
    if "://" not in url:
        match = _SCP.fullmatch(url)
        return _address("ssh", match["host"], match["path"]) if match else None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("https", "http", "ssh") or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.scheme != "ssh" and port is not None:
        host = f"{host}:{port}"
    secret = None if parts.scheme == "ssh" else parts.password or _lonely_user(parts.username)
    return _address(parts.scheme, host, parts.path, secret and unquote(secret))


def _lonely_user(user: str | None) -> str | None:
    """https://TOKEN@host/: the user name is the token. A short one is only a name."""
    return user if user and re.match(r"gh[opsru]_|github_pat_", user) else None


def _address(scheme: str, host: str, path: str, secret: str | None = None) -> RepoAddress | None:
    match = _PATH.fullmatch(path)
    if match is None or match["name"] in (".", "..") or match["owner"] in (".", ".."):
        return None
    host = host.lower()
    return RepoAddress(scheme, _SAME_HOST.get(host, host), match["owner"], match["name"], secret)


def without_secret(url: str) -> str:
    """The URL without user name and password, where they could be a secret (http and https)."""
    return re.sub(r"^(https?://)[^/@\s]*@", r"\1", url)


def is_full_name(text: str) -> bool:
    """True for OWNER/REPO."""
    return bool(_FULL_NAME.fullmatch(text))
