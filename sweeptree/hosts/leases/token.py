"""The token of an endpoint of its own: one file that only its owner can read."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from sweeptree.errors import Refused, ServerError

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST = 4096


def make_token(path: Path) -> None:
    """Make the token if there is none; of several callers at once, one makes it."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    file = os.open(aside, _NEW, 0o600)
    try:
        os.write(file, secrets.token_urlsafe(32).encode())
        os.fsync(file)
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        os.close(file)
        aside.unlink()


def read_token(path: Path) -> str:
    """The token in a file. Raises ServerError where there is none, Refused where others could
    know it."""
    try:
        file = os.open(path, _READ)
    except OSError as error:
        raise ServerError(
            f"{path} has no token: {error.strerror}", hint="sweeptree hosts check"
        ) from error
    try:
        _check(path, os.fstat(file))
        token = os.read(file, _MOST).decode(errors="replace").strip()
    finally:
        os.close(file)
    if not token.isascii() or not token.isprintable() or not token:
        raise _refused(path, "holds no token")
    return token


def bearer(token: str) -> str:
    """The Authorization header that carries a token."""
    return f"Bearer {token}"


def _check(path: Path, info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise _refused(path, "is no plain file")
    if info.st_uid != os.geteuid():
        raise _refused(path, f"belongs to another account (user {info.st_uid})")
    if info.st_mode & 0o077:
        mode = stat.S_IMODE(info.st_mode)
        raise _refused(path, f"can be read by other accounts (mode {mode:04o})")


def _refused(path: Path, why: str) -> Refused:
    return Refused(f"the token {path} {why}", hint=f"rm '{path}', then try again")
