"""Refusals in plain words, with the next command."""

import pytest

from sweeptree.publish.forge.trouble import Refusal, explain, limited, unreachable, words


def refusal(status: int, message: str = "") -> Refusal:
    return Refusal(status, message, "opening the pull request", "GH_TOKEN")


@pytest.mark.parametrize(
    ("status", "message", "kind", "text"),
    [
        (401, "Bad credentials", "auth", "the token from GH_TOKEN is not accepted"),
        (403, "Resource not accessible", "forbidden", "may not do this"),
        (403, "GitHub Actions is not permitted to create pull requests.", "forbidden", "workflow"),
        (
            403,
            "Resource protected by SAML enforcement.",
            "forbidden",
            "single sign-on",
        ),
        (404, "Not Found", "not-found", "may not see it"),
        (409, "", "moved", "the branch moved meanwhile"),
        (422, "Validation Failed; head invalid", "invalid", "does not know the branch"),
        (422, "Validation Failed; base invalid", "invalid", "does not know the base"),
        (422, "No commits between main and x", "no-change", "holds nothing"),
        (500, "", "network", "the forge is in trouble"),
    ],
)
def test_meaning(status: int, message: str, kind: str, text: str) -> None:
    error = explain(refusal(status, message))
    assert (error.kind, error.exit_code) == (kind, 4)
    assert text in error.message and error.hint


def test_words_of_an_answer_are_one_line() -> None:
    errors = [{"message": "taken"}, {"field": "head", "code": "invalid"}, "odd"]
    data = {"message": "Validation Failed", "errors": errors}
    assert words(422, data) == "Validation Failed; taken; head invalid; odd"
    assert words(502, None) == "HTTP status 502"


def test_a_limit_and_a_dead_network_say_when_to_come_back() -> None:
    assert "in 2 min" in limited("reading", 90.0).hint[0]
    assert "cannot be reached (OSError)" in unreachable("reading", OSError()).message
