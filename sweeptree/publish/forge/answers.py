"""What GitHub answers, as values of ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeptree.model import PullRequest, PullState


def pull_of(item: Mapping[str, Any]) -> PullRequest:
    """A pull request from GitHub's JSON, of a list or of one."""
    head, base = item["head"], item["base"]
    return PullRequest(
        number=int(item["number"]),
        url=str(item["html_url"]),
        state=_state(item),
        branch=str(head["ref"]),
        base=str(base["ref"]),
        commit=str(head["sha"]),
        title=_text(item, "title"),
        body=_text(item, "body"),
        is_draft=bool(item.get("draft")),
        labels=_names(item, "labels", "name"),
        reviewers=(
            *_names(item, "requested_reviewers", "login"),
            *_names(item, "requested_teams", "slug"),
        ),
        author=str((item.get("user") or {}).get("login", "")),
        is_from_fork=_full_name(head) != _full_name(base),
    )


def _state(item: Mapping[str, Any]) -> PullState:
    if item["state"] == "open":
        return PullState.OPEN
    return PullState.MERGED if item.get("merged_at") else PullState.CLOSED


def _text(item: Mapping[str, Any], key: str) -> str:
    return str(item.get(key) or "")


def _names(item: Mapping[str, Any], key: str, field: str) -> tuple[str, ...]:
    return tuple(str(each[field]) for each in item.get(key) or ())


def _full_name(side: Mapping[str, Any]) -> str:
    return str((side.get("repo") or {}).get("full_name", "")).lower()
