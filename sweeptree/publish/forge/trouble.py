"""What the forge's refusals mean: a status and a text become one word, one sentence and the next
command. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sweeptree.errors import ForgeError

_PERMISSIONS = (
    "the token needs: contents and pull requests (read and write), "
    "commit statuses for `sweeptree merge`"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the forge that is an error."""

    status: int
    message: str
    doing: str
    source: str

    @property
    def says_exists(self) -> bool:
        """True when a pull request of this identity is there already."""
        return self.status == 422 and "already exists" in self.message

    @property
    def says_no_commits(self) -> bool:
        """True when the branch holds nothing that the base lacks."""
        return self.status == 422 and "No commits between" in self.message

    @property
    def says_no_drafts(self) -> bool:
        """True when the repository's plan has no draft pull requests."""
        return self.status == 422 and "Draft pull requests are not supported" in self.message

    @property
    def says_base_moved(self) -> bool:
        """True when the base got a commit while a merge was on its way: the only 405 that may be
        tried again."""
        return self.status == 405 and "Base branch was modified" in self.message


def words(status: int, data: Any) -> str:
    """All that GitHub said, as one line: its message and the messages of its `errors`."""
    if not isinstance(data, dict):
        return str(data or f"HTTP status {status}")[:500]
    found = [str(data.get("message") or f"HTTP status {status}")]
    found += [_error_words(error) for error in data.get("errors") or ()]
    return "; ".join(filter(None, found))[:1000]


def _error_words(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    if message := error.get("message"):
        return str(message)
    named = [error.get("field"), error.get("code")]
    return " ".join(str(word) for word in named if word)


def explain(refusal: Refusal) -> ForgeError:
    """The refusal as an error for people."""
    kind, why, hint = _meaning(refusal)
    text = f"{refusal.doing}: {why}"
    if refusal.message:
        text = f"{text} (the forge says: {refusal.message})"
    return ForgeError(text, kind=kind, status=refusal.status, hint=hint)


_BY_STATUS = {
    401: ("auth", "the token from {source} is not accepted", "make a new token, or: gh auth login"),
    404: (
        "not-found",
        "there is no such thing, or the token from {source} may not see it",
        f"check --repo; {_PERMISSIONS}",
    ),
    405: (
        "blocked",
        "the forge does not allow this merge now",
        "sweeptree merge --dry_run shows what is missing",
    ),
    409: ("moved", "the branch moved meanwhile", "look at the pull request, then try again"),
    429: ("rate-limit", "too many requests", "wait a while, then run the same command again"),
}
_OTHER = ("invalid", "the forge did not accept the request", "sweeptree pr --help")


def _meaning(refusal: Refusal) -> tuple[str, str, str]:
    if refusal.status == 403:
        return _forbidden(refusal)
    if refusal.status == 422:
        return _unfit(refusal)
    if refusal.status >= 500:
        return "network", "the forge is in trouble", "run the same command again later"
    kind, why, hint = _BY_STATUS.get(refusal.status, _OTHER)
    return kind, why.format(source=refusal.source), hint


def _unfit(refusal: Refusal) -> tuple[str, str, str]:
    if refusal.says_no_commits:
        return (
            "no-change",
            "the branch holds nothing that the base lacks",
            "there is nothing to review",
        )
    named = refusal.message.split()
    if "head" in named:
        return "invalid", "the forge does not know the branch", "push it first, without --no_push"
    if "base" in named:
        return "invalid", "the forge does not know the base", "name the base with --base"
    return _OTHER


def _forbidden(refusal: Refusal) -> tuple[str, str, str]:
    if "not permitted to create" in refusal.message:
        hint = (
            "in the repository's settings: Actions, General, "
            "allow GitHub Actions to create pull requests"
        )
        return "forbidden", "this repository lets no workflow open pull requests", hint
    if "SAML" in refusal.message or "SSO" in refusal.message:
        return (
            "forbidden",
            "the organization wants the token authorized for single sign-on",
            "authorize the token",
        )
    return "forbidden", f"the token from {refusal.source} may not do this", _PERMISSIONS


def limited(doing: str, wait: float) -> ForgeError:
    """A rate limit that would last longer than anybody waits."""
    return ForgeError(
        f"{doing}: the forge's rate limit is reached, for {wait:.0f} s more",
        kind="rate-limit",
        status=429,
        hint=f"run the same command again in {int(wait // 60) + 1} min; what is done stays done",
    )


def unreachable(doing: str, error: Exception) -> ForgeError:
    """No answer at all."""
    return ForgeError(
        f"{doing}: the forge cannot be reached ({type(error).__name__})",
        kind="network",
        hint="check the network, then run the same command again",
    )
