"""What a merge is asked to be, and its decision as text."""

import json
from dataclasses import asdict

from sweeptree.publish.checks import TestRun
from sweeptree.publish.merging import MergeDecision, MergeSpec, MergeState

DECISION = MergeDecision(
    MergeState.READY,
    "pull request 1",
    "main",
    base_commit="b" * 40,
    head="c" * 40,
    commit="d" * 40,
    others=("@team said no",),
    commits=("e" * 12 + " fix #3 (Ada)",),
    conflicts=("a`b",),
    run=TestRun("true", "d" * 40, True, "green after 1.0 s", 1.0, ""),
)


def test_the_page_has_all_parts_and_pings_nobody() -> None:
    assert DECISION.markdown.splitlines() == [
        "### Merge Assistant: ready to merge",
        "",
        "- @\u200bteam said no",
        "- base `main` at `bbbbbbbbbbbb`, head `cccccccccccc`",
        "- result `dddddddddddd`",
        "- brings `eeeeeeeeeeee` fix #\u200b3 (Ada)",
        "- tests of the result: green after 1.0 s",
        "- conflict in `` a`b ``",
    ]


def test_states_are_words_in_documents() -> None:
    assert json.loads(json.dumps(asdict(DECISION)))["state"] == "ready"


def test_the_form_is_a_dry_run_unless_told_otherwise() -> None:
    assert MergeSpec(pull_request=1).options.dry_run
    assert not MergeSpec(pull_request=1, dry_run=False).options.dry_run
