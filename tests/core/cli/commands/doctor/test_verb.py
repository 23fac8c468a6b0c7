"""Doctor as a whole: a document, and checks that cannot be made."""

import json
from collections.abc import Iterator

import pytest

from core.cli_records import call
from sweeptree.cli.commands.doctor.finding import Finding
from sweeptree.cli.commands.doctor.verb import _guarded
from sweeptree.errors import GitError


def test_every_check_is_in_the_document_and_on_the_screen() -> None:
    checks = json.loads(call("doctor", "--json").out)["checks"]
    shown = call("doctor").out
    assert {"git", "python", "gpus", "disk", "token", "remains"} <= {c["name"] for c in checks}
    assert all(check["name"] in shown for check in checks)


@pytest.mark.parametrize(
    ("error", "text"),
    [(GitError("no luck", hint="try again"), "no luck"), (OSError("gone"), "cannot be checked")],
)
def test_a_check_that_cannot_be_made_is_a_finding(error: Exception, text: str) -> None:
    def check() -> Iterator[Finding]:
        raise error

    (finding,) = _guarded("git", check)
    assert (finding.name, finding.level) == ("git", "fail")
    assert text in finding.text
