"""Who is asked to review: those that are not asked yet, each once."""

from pathlib import Path

from core.publish.kit import Said, Scripted, a_pull
from sweeptree.publish.forge.base import Ensured
from sweeptree.publish.forge.exchange import Exchange
from sweeptree.publish.forge.reviewers import ask_reviewers

ASK = "POST /pulls/1/requested_reviewers"


def ask(forge: Scripted, folder: Path, *names: str, is_new: bool = True, **pull: object) -> Ensured:
    done = Ensured(a_pull(**pull))
    return ask_reviewers(Exchange(forge.client(folder)), names, done, is_new=is_new)


def test_people_and_teams_are_asked_together(forge: Scripted, tmp_path: Path) -> None:
    forge.says(ASK, {})
    assert ask(forge, tmp_path, "@grace", "acme/ecg").did == ("reviewers asked",)
    assert forge.bodies == [{"reviewers": ["grace"], "team_reviewers": ["ecg"]}]


def test_who_is_asked_already_is_not_asked_again(forge: Scripted, tmp_path: Path) -> None:
    assert ask(forge, tmp_path, "Grace", reviewers=("grace",)).did == ()
    assert forge.log == []


def test_who_has_reviewed_is_not_asked_again(forge: Scripted, tmp_path: Path) -> None:
    forge.says("GET /pulls/1/reviews", [{"user": {"login": "grace"}}])
    assert ask(forge, tmp_path, "grace", is_new=False).did == ()


def test_one_who_cannot_review_keeps_out_no_other(forge: Scripted, tmp_path: Path) -> None:
    no = Said(422, {"message": "Reviews may only be requested from collaborators."})
    forge.says(ASK, no, {}, no)
    done = ask(forge, tmp_path, "grace", "stranger")
    assert done.pull.reviewers == ("grace",)
    assert done.warnings == (
        "stranger was not asked to review: Reviews may only be requested from collaborators.",
    )
