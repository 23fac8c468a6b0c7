"""`sweeptree label`: what is asked for is checked before anybody is asked."""

from pathlib import Path

import pytest

from core.cli_records import call


@pytest.fixture(autouse=True)
def _here(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)


@pytest.mark.parametrize(
    ("words", "says"),
    [(["nonsense", "--labels", "a"], "is no pull request"), (["12"], "nothing was asked for")],
)
def test_a_mistake_is_named(words: list[str], says: str) -> None:
    ran = call("label", *words)
    assert ran.code == 2 and says in ran.err


def test_a_dry_run_says_what_it_would_do() -> None:
    ran = call("label", "12", "--labels", "a,b", "--reviewers", "grace", "--dry_run")
    assert ran.out == "would add the labels a, b\nwould ask grace to review\n"


def test_without_a_forge_it_is_refused() -> None:
    assert call("label", "12", "--labels", "a").code == 3
