"""The secret of a home's Prefect server: made once, read only while nobody else can read it.

Hides: that the file is made whole or not at all, and what must be true of it before it is trusted.
Standard library only.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets
from pathlib import Path

from sweeptree.errors import Refused, ServerError
from sweeptree.system.private_files import NotPrivate, read_private

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
_MOST_BYTES = 256
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def token_path(home: Path) -> Path:
    """Where the token of a home stands."""
    return home / "server.token"


def make_token(home: Path) -> None:
    """Make the token if there is none; of several callers at once, one makes it."""
    if not os.path.lexists(token_path(home)):
        _publish(home, replace=False)


def replace_token(home: Path) -> None:
    """Make a new token in the place of the old one, which opens nothing from the next start on."""
    _publish(home, replace=True)


def auth_string(home: Path) -> str:
    """Prefect's auth string for the server of a home, `user:password`.

    The user is `home_name`, so that a profile tells whose it is. Raises Refused for a token that
    somebody else could know, ServerError where there is none.
    """
    return f"{home_name(home)}:{_read(token_path(home))}"


def home_name(home: Path) -> str:
    """A name for a home that holds no secret."""
    digest = hashlib.sha256(os.fsencode(home.absolute())).hexdigest()
    return f"sweeptree-{digest[:12]}"


def fingerprint(auth: str) -> str:
    """Tells one auth string from another, and nothing of it."""
    return hashlib.sha256(auth.encode()).hexdigest()[:16]


def authorization(auth: str) -> str:
    """The Authorization header that carries an auth string."""
    return "Basic " + base64.b64encode(auth.encode()).decode()


def _publish(home: Path, *, replace: bool) -> None:
    aside = home / f".server.token.{secrets.token_hex(6)}"
    file = os.open(aside, _NEW, 0o600)
    try:
        os.write(file, secrets.token_urlsafe(32).encode())
        os.fsync(file)
        _place(aside, token_path(home), replace=replace)
    finally:
        os.close(file)
        aside.unlink(missing_ok=True)


def _place(aside: Path, path: Path, *, replace: bool) -> None:
    if replace:
        aside.replace(path)
        return
    with contextlib.suppress(FileExistsError):  # another caller was quicker: theirs counts
        os.link(aside, path)


def _read(path: Path) -> str:
    try:
        text = read_private(path, _MOST_BYTES).decode(errors="replace").strip()
    except FileNotFoundError as error:
        raise ServerError(
            f"the Prefect server has no token ({path})", hint="sweeptree server start"
        ) from error
    except OSError as error:
        raise _refused(path, f"cannot be opened ({error.strerror})") from error
    except NotPrivate as error:
        raise _refused(path, str(error)) from error
    if not _FORM.fullmatch(text):
        raise _refused(path, "holds no token")
    return text


def _refused(path: Path, why: str) -> Refused:
    return Refused(
        f"the token of the Prefect server {why}: {path}",
        hint=(
            f"sweeptree server stop && rm -f '{path}' && sweeptree server start",
            "this makes a new token; the old one opens nothing any more",
        ),
    )
