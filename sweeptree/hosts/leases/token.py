"""The token of an endpoint of its own: one file that only its owner can read."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from sweeptree.errors import Refused, ServerError
from sweeptree.system.private_files import NotPrivate, read_private

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
        token = read_private(path, _MOST).decode(errors="replace").strip()
    except OSError as error:
        raise ServerError(
            f"{path} has no token: {error.strerror}", hint="sweeptree hosts check"
        ) from error
    except NotPrivate as error:
        raise _refused(path, str(error)) from error
    if not token.isascii() or not token.isprintable() or not token:
        raise _refused(path, "holds no token")
    return token


def bearer(token: str) -> str:
    """The Authorization header that carries a token."""
    return f"Bearer {token}"


def _refused(path: Path, why: str) -> Refused:
    return Refused(f"the token {path} {why}", hint=f"rm '{path}', then try again")
