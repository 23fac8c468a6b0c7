"""What of a pull request's reviews and checks stands in the way of its merge."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.publish.kit import a_pull
from sweeptree.errors import Refused
from sweeptree.publish.delivery import Context
from sweeptree.publish.forge import Readiness
from sweeptree.publish.merging import MergeOptions, merge_pull, pull_number
from sweeptree.publish.merging.pull import obstacles

READY = Readiness(approvals=("grace",))


def first(readiness: Readiness = READY, options: MergeOptions | None = None, **pull: bool) -> str:
    found = obstacles(a_pull(**pull), readiness, options or MergeOptions())
    return next(found, "")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("#12", 12),
        ("https://github.com/o/r/pull/12", 12),
        ("https://github.com/o/r/pull/12/files", 12),
        ("feature", None),
        ("../12", None),
    ],
)
def test_number(text: str, number: int | None) -> None:
    assert pull_number(text) == number


def test_nothing_stands_in_the_way() -> None:
    assert first() == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"objections": ("bob",)}, "bob asked for changes"),
        ({"red": ("lint",)}, "the check lint is red"),
        ({"missing": ("build",)}, "the required check build is missing"),
        ({"running": ("lint",)}, "the check lint still runs"),
        ({"approvals": ()}, "it needs 1 approval of its newest commit"),
        ({"required_approvals": 2}, "it needs 2 approvals of its newest commit"),
        (
            {"approvals": (), "stale": ("grace",)},
            "it needs 1 approval of its newest commit; grace approved an older commit",
        ),
    ],
)
def test_reasons_of_reviews_and_checks(change: dict[str, object], reason: str) -> None:
    assert first(replace(READY, **change)) == reason  # type: ignore[arg-type]


def test_drafts_and_forks() -> None:
    assert "it is a draft" in first(is_draft=True)
    assert "it comes from a fork" in first(is_from_fork=True)
    assert first(options=MergeOptions(allow_forks=True), is_from_fork=True) == ""


def test_a_protected_base_takes_no_fast_forward() -> None:
    protected = replace(READY, is_protected=True)
    assert "main is protected" in first(protected, MergeOptions(method="ff"))


def test_without_a_forge_there_is_nobody_to_ask(repo: Path, context: Context) -> None:
    with pytest.raises(Refused, match="no forge to ask") as refused:
        merge_pull(repo, 1, MergeOptions(), context)
    assert "git remote add" in refused.value.hint[0]
