"""Where a repository lives on its forge, read from the URL of a git remote.

Hides: the spellings of remotes (https, ssh, scp-like, with ports and user names) and where each
host has its API.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

_SCP = re.compile(r"(?:[^@/\s:]+@)?(?P<host>\[[0-9A-Fa-f:]+\]|[^:/\s@]+):(?P<path>(?!/{2}).+)")
_PATH = re.compile(r"/?(?P<owner>[A-Za-z0-9_.-]+)/(?P<name>[A-Za-z0-9_.-]+?)(?:\.git)?/?")
_FULL_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_TOKEN = re.compile(r"gh[opsru]_|github_pat_")
_SCHEMES = ("https", "http", "ssh")
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
    """The repository that a remote's URL names; None for what is not OWNER/NAME on a host."""
    if "://" in url:
        return _parse_url(url)
    match = _SCP.fullmatch(url)
    return _address("ssh", match["host"], match["path"]) if match else None


def _parse_url(url: str) -> RepoAddress | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        return None

    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.scheme == "ssh":
        return _address("ssh", host, parts.path)
    place = host if port is None else f"{host}:{port}"
    return _address(parts.scheme, place, parts.path, _secret_in(parts))


def _secret_in(parts: SplitResult) -> str | None:
    """The password, or in https://TOKEN@host/ the user name. A short user name is only a name."""
    if parts.password:
        return unquote(parts.password)
    if parts.username and _TOKEN.match(parts.username):
        return unquote(parts.username)
    return None


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
