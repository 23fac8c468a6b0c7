"""GitHub's JSON as our values."""

import pytest

from core.publish.kit import pull_json
from sweeptree.model import PullState
from sweeptree.publish.forge.answers import pull_of


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"state": "open"}, PullState.OPEN),
        ({"state": "closed", "merged_at": None}, PullState.CLOSED),
        ({"state": "closed", "merged_at": "2026-01-02T03:04:05Z"}, PullState.MERGED),
    ],
)
def test_state(fields: dict[str, str], state: PullState) -> None:
    assert pull_of(pull_json(**fields)).state is state


def test_people_and_teams_are_reviewers() -> None:
    item = pull_json(requested_reviewers=[{"login": "grace"}], requested_teams=[{"slug": "ecg"}])
    assert pull_of(item).reviewers == ("grace", "ecg")


def test_a_deleted_fork_is_a_fork() -> None:
    head = {"ref": "wider", "sha": "c" * 40, "repo": None}
    assert pull_of(pull_json(head=head)).is_from_fork
    assert not pull_of(pull_json()).is_from_fork
