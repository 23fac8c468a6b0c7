"""What can be wrong with a call, as the endpoint answers it and the client raises it again."""

from __future__ import annotations

from collections.abc import Sequence

from sweeptree.errors import SweeptreeError


class LeaseError(SweeptreeError):
    """A call about leases was refused. `status` is the HTTP status, `kind` one word for it."""

    status = 500
    kind = "failed"


class BadCall(LeaseError):  # noqa: N818 - says what is the case
    """The call itself is wrong: a field is missing, too large, or of another type."""

    status = 400
    kind = "bad"


class NoToken(LeaseError):  # noqa: N818 - says what is the case
    """The call lacks the right token."""

    status = 401
    kind = "token"


class NoSuchSweep(LeaseError):  # noqa: N818 - says what is the case
    """The endpoint does not know the sweep: it was never opened here, or forgotten."""

    status = 404
    kind = "sweep"


class NotJoined(LeaseError):  # noqa: N818 - says what is the case
    """A lane has to join (again) before it can go on."""

    status = 409
    kind = "join"


class Unusable(LeaseError):  # noqa: N818 - says what is the case
    """The database cannot be written or read now, as on a full disk; nothing was changed."""

    status = 503
    kind = "database"


_KINDS: dict[str, type[LeaseError]] = {
    each.kind: each for each in (BadCall, NoToken, NoSuchSweep, NotJoined, Unusable)
}


def problem(kind: str, message: str, hint: Sequence[str] = ()) -> LeaseError:
    """The error of a kind; an unknown one is a plain LeaseError."""
    return _KINDS.get(kind, LeaseError)(message, hint=hint)
