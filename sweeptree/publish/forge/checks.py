"""What reviewers and checks say about a pull request's head, and what its base asks for.

Hides: two kinds of checks (statuses, check runs), two kinds of rules (rulesets, branch protection),
and that an approval belongs to the commit it was given to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sweeptree.model import PullRequest
from sweeptree.publish.forge.base import Ranking
from sweeptree.publish.forge.client import Client, Refused4xx

_GREEN = ("success", "neutral", "skipped")
_VERDICTS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
OWN_CONTEXT = "sweeptree/merge-result"


@dataclass(frozen=True, slots=True)
class _Rules:
    checks: tuple[str, ...]
    approvals: int
    is_protected: bool


def read_standing(client: Client, pull: PullRequest) -> Ranking:
    """Five requests: reviews, statuses, check runs, the base's protection and its rules."""
    reviews = client.pages(f"/pulls/{pull.number}/reviews", f"reading the reviews of {pull.number}")
    latest = _latest(reviews)
    checks = _checks(client, pull.commit)
    rules = _rules(client, pull.base)
    approved = {
        who: commit
        for who, (verdict, commit) in latest.items()
        if verdict == "APPROVED" and who != pull.author
    }
    return Ranking(
        approvals=tuple(sorted(who for who, commit in approved.items() if commit == pull.commit)),
        stale=tuple(sorted(who for who, commit in approved.items() if commit != pull.commit)),
        objections=tuple(
            sorted(who for who, (verdict, _) in latest.items() if verdict == "CHANGES_REQUESTED")
        ),
        green=_of(checks, "green"),
        red=_of(checks, "red"),
        running=_of(checks, "running"),
        missing=tuple(name for name in rules.checks if name not in checks),
        required_approvals=rules.approvals,
        is_protected=rules.is_protected,
    )


def _latest(reviews: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Each person's last verdict and the commit it was given to; a plain comment changes no
    verdict."""
    found = {}
    for review in reviews:
        if review.get("state") in _VERDICTS:
            found[str((review.get("user") or {}).get("login"))] = (
                str(review["state"]),
                str(review.get("commit_id")),
            )
    return found


def _checks(client: Client, commit: str) -> dict[str, str]:
    doing = f"reading the checks of {commit[:12]}"
    found = {}
    for status in client.read(f"/commits/{commit}/status", doing, per_page=100).get("statuses", ()):
        if status["context"] != OWN_CONTEXT:
            found[str(status["context"])] = _colour(str(status["state"]))
    for run in client.pages(f"/commits/{commit}/check-runs", doing):
        done = run.get("status") == "completed"
        found[str(run["name"])] = _colour(str(run.get("conclusion")) if done else "pending")
    return found


def _colour(state: str) -> str:
    if state in _GREEN:
        return "green"
    return "running" if state == "pending" else "red"


def _of(checks: Mapping[str, str], colour: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, seen in checks.items() if seen == colour))


def _rules(client: Client, base: str) -> _Rules:
    doing, name = f"reading the rules of {base}", quote(base, safe="")
    branch = client.read(f"/branches/{name}", doing)
    classic = ((branch.get("protection") or {}).get("required_status_checks") or {}).get(
        "contexts"
    ) or ()
    checks, approvals, is_protected = (
        [str(context) for context in classic],
        0,
        bool(branch.get("protected")),
    )
    for rule in _rulesets(client, name, doing):
        parameters = rule.get("parameters") or {}
        is_protected = is_protected or rule.get("type") in (
            "pull_request",
            "update",
            "required_status_checks",
        )
        approvals = max(approvals, int(parameters.get("required_approving_review_count") or 0))
        checks += [
            str(check["context"]) for check in parameters.get("required_status_checks") or ()
        ]
    return _Rules(tuple(dict.fromkeys(checks)), approvals, is_protected)


def _rulesets(client: Client, name: str, doing: str) -> list[Mapping[str, Any]]:
    try:
        return list(client.pages(f"/rules/branches/{name}", doing))
    except Refused4xx as no:
        if no.refusal.status in (403, 404):  # older Enterprise servers have no rulesets
            return []
        raise
