"""Ask people and teams to review a pull request: those that are not asked yet, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sweeptree.errors import ForgeError
from sweeptree.model import PullRequest
from sweeptree.publish.forge.answers import pull_of
from sweeptree.publish.forge.base import Ensured
from sweeptree.publish.forge.exchange import MINOR, Exchange, Write


def ask_reviewers(
    exchange: Exchange, wanted: Sequence[str], done: Ensured, *, is_new: bool
) -> Ensured:
    """Ask all of them at once, or one by one where somebody among them cannot review."""
    missing = _to_ask(exchange, wanted, done.pull, is_new=is_new)
    if not missing:
        return done
    try:
        _ask(exchange, done.pull, missing)
    except ForgeError as error:
        if error.kind not in MINOR:
            raise
        if len(missing) == 1:
            return replace(done, warnings=(*done.warnings, _not_asked(missing[0], error)))
        return _ask_singly(exchange, done, missing)
    return _asked(done, missing, [])


def _to_ask(
    exchange: Exchange, wanted: Sequence[str], pull: PullRequest, *, is_new: bool
) -> list[str]:
    """Who is neither asked already nor has reviewed: GitHub forgets that it asked those."""
    have = {name.lower() for name in pull.reviewers}
    missing = [name for name in wanted if _login(name) not in have]
    if not missing or is_new:
        return missing
    path, doing = f"/pulls/{pull.number}/reviews", f"reading the reviews of {pull.number}"
    reviews = exchange.pages(path, doing)
    seen = {str((review.get("user") or {}).get("login", "")).lower() for review in reviews}
    return [name for name in missing if _login(name) not in seen]


def _ask_singly(exchange: Exchange, done: Ensured, missing: Sequence[str]) -> Ensured:
    """One name that cannot review (the author, a stranger) must not keep out the others."""
    asked: list[str] = []
    warnings: list[str] = []
    for name in missing:
        try:
            _ask(exchange, done.pull, [name])
            asked.append(name)
        except ForgeError as error:
            if error.kind not in MINOR:
                raise
            warnings.append(_not_asked(name, error))
    return _asked(done, asked, warnings)


def _asked(done: Ensured, asked: Sequence[str], warnings: Sequence[str]) -> Ensured:
    pull = replace(done.pull, reviewers=(*done.pull.reviewers, *asked))
    did = (*done.did, "reviewers asked") if asked else done.did
    return Ensured(pull, did, (*done.warnings, *warnings))


def _ask(exchange: Exchange, pull: PullRequest, names: Sequence[str]) -> None:
    people = [name.removeprefix("@") for name in names if "/" not in name]
    teams = [name.rpartition("/")[2] for name in names if "/" in name]
    lists = {"reviewers": people, "team_reviewers": teams}
    body = {key: value for key, value in lists.items() if value}
    wanted = {_login(name) for name in names}

    def is_done() -> bool:
        now = pull_of(exchange.read(f"/pulls/{pull.number}", f"reading pull request {pull.number}"))
        return wanted <= {name.lower() for name in now.reviewers}

    path, doing = (
        f"/pulls/{pull.number}/requested_reviewers",
        f"asking {', '.join(names)} to review",
    )
    exchange.write(Write("POST", path, doing, body), is_done)


def _login(name: str) -> str:
    return name.removeprefix("@").rpartition("/")[2].lower()


def _not_asked(name: str, error: ForgeError) -> str:
    reason = error.message.rpartition("the forge says: ")[2].rstrip(")")
    return f"{name} was not asked to review: {reason}"
