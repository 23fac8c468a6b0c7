"""What reviewers and checks say, and what the base asks for."""

from pathlib import Path
from typing import Any

from core.publish.kit import Said, Scripted, a_pull
from sweeptree.publish.forge.base import Readiness
from sweeptree.publish.forge.readiness import MERGE_RESULT, read_readiness

HEAD = "c" * 40


def review(who: str, state: str, commit: str = HEAD) -> dict[str, Any]:
    return {"user": {"login": who}, "state": state, "commit_id": commit}


def read(forge: Scripted, folder: Path, **answers: Any) -> Readiness:
    forge.says("GET /pulls/1/reviews", answers.get("reviews", []))
    forge.says(f"GET /commits/{HEAD}/status", {"statuses": answers.get("statuses", [])})
    forge.says(f"GET /commits/{HEAD}/check-runs", {"check_runs": answers.get("runs", [])})
    forge.says("GET /branches/main", answers.get("branch", {}))
    forge.says("GET /rules/branches/main", answers.get("rules", []))
    return read_readiness(forge.client(folder), a_pull())


def test_an_approval_belongs_to_its_commit(forge: Scripted, tmp_path: Path) -> None:
    reviews = [
        review("grace", "APPROVED"),
        review("linus", "APPROVED", "d" * 40),
        review("ada", "APPROVED"),
        review("bob", "CHANGES_REQUESTED"),
        review("bob", "COMMENTED"),
    ]
    found = read(forge, tmp_path, reviews=reviews)
    assert (found.approvals, found.stale, found.objections) == (("grace",), ("linus",), ("bob",))


def test_checks_have_colours(forge: Scripted, tmp_path: Path) -> None:
    ours = {"context": MERGE_RESULT, "state": "failure"}
    statuses = [{"context": "ci", "state": "success"}, ours]
    runs = [
        {"name": "lint", "status": "completed", "conclusion": "failure"},
        {"name": "docs", "status": "in_progress", "conclusion": None},
    ]
    found = read(forge, tmp_path, statuses=statuses, runs=runs)
    assert (found.green, found.red, found.running) == (("ci",), ("lint",), ("docs",))


def test_required_checks_are_missing_but_for_our_own(forge: Scripted, tmp_path: Path) -> None:
    contexts = {"required_status_checks": {"contexts": ["build", MERGE_RESULT]}}
    rule = {
        "type": "required_status_checks",
        "parameters": {"required_status_checks": [{"context": MERGE_RESULT}, {"context": "gpu"}]},
    }
    found = read(forge, tmp_path, branch={"protection": contexts}, rules=[rule])
    assert (found.missing, found.is_protected) == (("build", "gpu"), True)


def test_rulesets_ask_for_approvals(forge: Scripted, tmp_path: Path) -> None:
    rule = {"type": "pull_request", "parameters": {"required_approving_review_count": 2}}
    assert read(forge, tmp_path, rules=[rule]).required_approvals == 2


def test_an_older_server_has_no_rulesets(forge: Scripted, tmp_path: Path) -> None:
    assert not read(forge, tmp_path, rules=Said(404, {"message": "Not Found"})).is_protected
