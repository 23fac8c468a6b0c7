"""GitHub as a Forge: each step writes only the difference."""

from pathlib import Path

import pytest

from core.publish.kit import Said, Scripted, a_pull, pull_json
from sweeptree.errors import ForgeError
from sweeptree.publish.forge.base import Comment, Wanted
from sweeptree.publish.forge.block import make_block
from sweeptree.publish.forge.pulls import GitHub

WANTED = Wanted("wider", "main", "Wider", make_block("new"), "o")


def github(forge: Scripted, folder: Path) -> GitHub:
    return GitHub("o/r", forge.client(folder))


def test_the_open_one_of_this_branch_is_found(forge: Scripted, tmp_path: Path) -> None:
    closed = pull_json(number=3, state="closed")
    other = pull_json(number=2, head={"ref": "other", "sha": "d" * 40})
    forge.says("GET /pulls", [closed, other, pull_json()])
    found = github(forge, tmp_path).find("wider", "main", "o")
    assert found is not None and found.number == 1


def test_one_that_somebody_opened_meanwhile_is_taken(forge: Scripted, tmp_path: Path) -> None:
    error = {"message": "A pull request already exists for o:wider."}
    forge.says("POST /pulls", Said(422, {"message": "Validation Failed", "errors": [error]}))
    forge.says("GET /pulls", [pull_json(number=7)])
    assert github(forge, tmp_path).ensure(WANTED, None).pull.number == 7


def test_without_drafts_it_is_open_at_once(forge: Scripted, tmp_path: Path) -> None:
    text = {"message": "Draft pull requests are not supported in this repository."}
    forge.says("POST /pulls", Said(422, text), Said(201, pull_json()))
    done = github(forge, tmp_path).ensure(WANTED, None)
    assert [body["draft"] for body in forge.bodies] == [True, False]
    assert "no draft" in done.warnings[0]


def test_the_generated_part_is_brought_up_to_date(forge: Scripted, tmp_path: Path) -> None:
    forge.says("PATCH /pulls/1", pull_json())
    done = github(forge, tmp_path).ensure(WANTED, a_pull(body=make_block("old")))
    assert (done.did, forge.bodies) == (("updated",), [{"body": make_block("new")}])


def test_an_unchanged_one_is_left_alone(forge: Scripted, tmp_path: Path) -> None:
    assert github(forge, tmp_path).ensure(WANTED, a_pull(body=make_block("new"))).did == ()
    assert forge.log == []


def test_labels_that_are_there_are_not_added_again(forge: Scripted, tmp_path: Path) -> None:
    forge.says("POST /issues/1/labels", [])
    wanted = Wanted("wider", "main", "Wider", "", "o", labels=("Old", "new"))
    done = github(forge, tmp_path).ensure(wanted, a_pull(labels=("old",)))
    assert (done.pull.labels, forge.bodies) == (("old", "new"), [{"labels": ["new"]}])


def test_a_comment_is_written_once_and_edited(forge: Scripted, tmp_path: Path) -> None:
    forge.says("GET /issues/1/comments", [], [{"id": 5, "body": "<!-- sweeptree:m -->\nold"}])
    forge.says("POST /issues/1/comments", {})
    forge.says("PATCH /issues/comments/5", {})
    for text in ("old", "new"):
        github(forge, tmp_path).comment(1, Comment("m", text))
    writes = [request for request in forge.log if not request.startswith("GET")]
    assert writes == ["POST /issues/1/comments", "PATCH /issues/comments/5"]


def test_a_base_that_moved_may_be_tried_again(forge: Scripted, tmp_path: Path) -> None:
    forge.says("PUT /pulls/1/merge", Said(405, {"message": "Base branch was modified."}))
    with pytest.raises(ForgeError) as failed:
        github(forge, tmp_path).merge(a_pull(), method="merge", title="Wider")
    assert failed.value.kind == "base-moved"


def test_a_merge_whose_answer_was_lost_counts(forge: Scripted, tmp_path: Path) -> None:
    forge.says("PUT /pulls/1/merge", Said(502))
    forge.says("GET /pulls/1", pull_json(merged=True, merge_commit_sha="e" * 40))
    assert github(forge, tmp_path).merge(a_pull(), method="merge", title="Wider") == "e" * 40
