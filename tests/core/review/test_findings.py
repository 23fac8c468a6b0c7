"""Only what is new, once per line, found again by its fingerprint."""

from pathlib import Path

from core.review_kit import make_change
from sweeptree.review.change import Change
from sweeptree.review.findings import merged_by_line, new_findings
from sweeptree.review.values import CheckResult, Finding, Severity

BAD = "bad()\n"


def found(line: int, *, rule: str = "R1", severity: Severity = Severity.WARNING) -> Finding:
    return Finding("a.py", line, rule, "tool", severity, "text")


def new(change: Change, head: list[Finding], base: list[Finding]) -> list[int]:
    result = CheckResult("check", tuple(head), tuple(base))
    return [each.line for each in new_findings([result], change)]


def test_only_added_lines_count(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"a.py": BAD}, {"a.py": BAD + "worse()\n"})
    assert new(change, [found(1), found(2)], [found(1)]) == [2]


def test_moved_code_is_no_news(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"a.py": "x\n" * 5 + BAD}, {"a.py": BAD + "x\n" * 5})
    assert new(change, [found(1)], [found(6)]) == []


def test_a_second_one_of_the_same_kind_is_news(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"a.py": BAD}, {"a.py": BAD + "x = 1\n" + BAD})
    assert len(new(change, [found(1), found(3)], [found(1)])) == 1


def test_what_is_about_the_whole_change_counts_anywhere(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"b.py": "1", "a.py": BAD}, {"b.py": "2", "a.py": BAD})
    far = Finding("a.py", 1, "type", "ty", Severity.BLOCKER, "text", is_apart=True)
    (only,) = new_findings([CheckResult("types", (far,))], change)
    assert not only.is_on_diff


def test_one_line_is_one_finding(tmp_path: Path) -> None:
    grave = found(1, rule="R2", severity=Severity.BLOCKER)
    (merged,) = merged_by_line([found(1), grave])
    assert (merged.rule, merged.others) == ("R2", ("tool: R1",))


def test_a_rule_is_named_once_per_line() -> None:
    (merged,) = merged_by_line([found(1), found(1), found(1, rule="R2")])
    assert merged.others == ("tool: R2",)


def test_a_name_that_is_no_utf_8_can_be_written(tmp_path: Path) -> None:
    path = "s\udcff.py"
    change = make_change(tmp_path, {}, {path: BAD})
    bad = Finding(path, 1, "R1", "tool", Severity.NOTE, f"in {path}")
    (only,) = new_findings([CheckResult("check", (bad,))], change)
    assert f"{only.path} {only.message}".encode() == "s\ufffd.py in s\ufffd.py".encode()


def test_the_fingerprint_survives_lines_above(tmp_path: Path) -> None:
    before = make_change(tmp_path / "1", {}, {"a.py": BAD})
    after = make_change(tmp_path / "2", {}, {"a.py": "import x\n" + BAD})
    (first,) = new_findings([CheckResult("check", (found(1),))], before)
    (second,) = new_findings([CheckResult("check", (found(2),))], after)
    assert first.fingerprint == second.fingerprint


def test_equal_lines_have_fingerprints_of_their_own(tmp_path: Path) -> None:
    change = make_change(tmp_path, {}, {"a.py": BAD + BAD})
    both = new_findings([CheckResult("check", (found(1), found(2)))], change)
    assert len({each.fingerprint for each in both}) == 2
