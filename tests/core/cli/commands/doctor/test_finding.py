"""How a finding is shown."""

from sweeptree.cli.commands.doctor.finding import Finding


def test_a_hint_has_a_line_of_its_own() -> None:
    finding = Finding("git", "fail", "not \x1b installed", "install git")
    first, second = finding.shown.splitlines()
    assert first.startswith("fail  git         not ") and "\x1b" not in first
    assert second.strip() == "install git"


def test_without_a_hint_there_is_one_line() -> None:
    assert Finding("disk", "ok", "20 GB free here").shown.count("\n") == 1
