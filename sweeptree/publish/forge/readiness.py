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
from sweeptree.publish.forge.base import Readiness
from sweeptree.publish.forge.client import Client, Refused4xx

_GREEN = ("success", "neutral", "skipped")
_VERDICTS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
_PROTECTS = ("pull_request", "update", "required_status_checks")
MERGE_RESULT = "sweeptree/merge-result"  # set by us once the result was tested


@dataclass(frozen=True, slots=True)
class _Review:
    """A person's last verdict, and the commit it was given to."""

    verdict: str
    commit: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the base asks for."""

    checks: tuple[str, ...]
    approvals: int
    is_protected: bool


def read_readiness(client: Client, pull: PullRequest) -> Readiness:
    """Five requests: reviews, statuses, check runs, the base's protection and its rules."""
    reviews = _last_reviews(client, pull)
    checks = _read_checks(client, pull.commit)
    rules = _read_rules(client, pull.base)
    approved = _people(reviews, "APPROVED") - {pull.author}
    of_this_commit = {who for who in approved if reviews[who].commit == pull.commit}
    return Readiness(
        approvals=tuple(sorted(of_this_commit)),
        stale=tuple(sorted(approved - of_this_commit)),
        objections=tuple(sorted(_people(reviews, "CHANGES_REQUESTED"))),
        green=_names(checks, "green"),
        red=_names(checks, "red"),
        running=_names(checks, "running"),
        missing=_missing(rules, checks),
        required_approvals=rules.approvals,
        is_protected=rules.is_protected,
    )


def _missing(rules: _Rules, checks: Mapping[str, str]) -> tuple[str, ...]:
    """Required checks that nobody has reported. Our own is set once the result is tested."""
    return tuple(name for name in rules.checks if name not in checks and name != MERGE_RESULT)


def _last_reviews(client: Client, pull: PullRequest) -> dict[str, _Review]:
    """Each person's last verdict; a plain comment changes none."""
    found = {}
    path, doing = f"/pulls/{pull.number}/reviews", f"reading the reviews of {pull.number}"
    for review in client.pages(path, doing):
        if review.get("state") in _VERDICTS:
            who = str((review.get("user") or {}).get("login"))
            found[who] = _Review(str(review["state"]), str(review.get("commit_id")))
    return found


def _people(reviews: Mapping[str, _Review], verdict: str) -> set[str]:
    return {who for who, review in reviews.items() if review.verdict == verdict}


def _read_checks(client: Client, commit: str) -> dict[str, str]:
    """The colour of each status and check run of a commit."""
    doing = f"reading the checks of {commit[:12]}"
    combined = client.read(f"/commits/{commit}/status", doing, per_page=100)
    found = {
        str(status["context"]): _colour(str(status["state"]))
        for status in combined.get("statuses", ())
    }
    found.pop(MERGE_RESULT, None)
    for run in client.pages(f"/commits/{commit}/check-runs", doing):
        is_done = run.get("status") == "completed"
        found[str(run["name"])] = _colour(str(run.get("conclusion"))) if is_done else "running"
    return found


def _colour(state: str) -> str:
    if state in _GREEN:
        return "green"
    return "running" if state == "pending" else "red"


def _names(checks: Mapping[str, str], colour: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, seen in checks.items() if seen == colour))


def _read_rules(client: Client, base: str) -> _Rules:
    """What branch protection and rulesets together ask for."""
    doing, name = f"reading the rules of {base}", quote(base, safe="")
    branch = client.read(f"/branches/{name}", doing)
    rules = _rulesets(client, name, doing)
    checks = [*_protection_checks(branch), *_ruleset_checks(rules)]
    return _Rules(
        checks=tuple(dict.fromkeys(checks)),
        approvals=max((_approvals(rule) for rule in rules), default=0),
        is_protected=bool(branch.get("protected")) or any(map(_protects, rules)),
    )


def _protection_checks(branch: Mapping[str, Any]) -> list[str]:
    protection = branch.get("protection") or {}
    required = protection.get("required_status_checks") or {}
    return [str(context) for context in required.get("contexts") or ()]


def _ruleset_checks(rules: Iterable[Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for rule in rules:
        required = _parameters(rule).get("required_status_checks") or ()
        found += [str(check["context"]) for check in required]
    return found


def _approvals(rule: Mapping[str, Any]) -> int:
    return int(_parameters(rule).get("required_approving_review_count") or 0)


def _parameters(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = rule.get("parameters") or {}
    return found


def _protects(rule: Mapping[str, Any]) -> bool:
    return rule.get("type") in _PROTECTS


def _rulesets(client: Client, name: str, doing: str) -> list[Mapping[str, Any]]:
    try:
        return list(client.pages(f"/rules/branches/{name}", doing))
    except Refused4xx as no:
        if no.refusal.status in (403, 404):  # older Enterprise servers have no rulesets
            return []
        raise
