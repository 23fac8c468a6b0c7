"""Ruff's findings: the repository's configuration wins, faults weigh more than taste."""

from pathlib import Path

import pytest

from core.review_kit import make_change
from sweeptree.review.checks.lint import check_lint, has_own_config, severity_of
from sweeptree.review.values import Finding, Severity

OLD = "def f():\n    return 1\n"
BAD = "import os\n\n\ndef f(x=[]):\n    return missing\n"


def found(folder: Path, new: dict[str, str], old: dict[str, str] | None = None) -> list[Finding]:
    return list(check_lint(make_change(folder, old or {}, new)).findings)


def rules(findings: list[Finding]) -> list[str]:
    return [each.rule for each in findings]


def test_faults_of_every_weight(tmp_path: Path) -> None:
    weights = {each.rule: each.severity for each in found(tmp_path, {"a.py": BAD})}
    assert weights == {
        "F401": Severity.NOTE,
        "B006": Severity.WARNING,
        "F821": Severity.BLOCKER,
    }


def test_what_is_no_python_any_more_is_a_blocker(tmp_path: Path) -> None:
    broken = found(tmp_path, {"a.py": "def f(:\n"})
    assert {each.severity for each in broken} == {Severity.BLOCKER}


def test_base_and_head_are_both_looked_at(tmp_path: Path) -> None:
    result = check_lint(make_change(tmp_path, {"a.py": BAD}, {"a.py": BAD + "\n"}))
    assert rules(list(result.before)) == rules(list(result.findings))


def test_its_own_configuration_wins(tmp_path: Path) -> None:
    config = {"ruff.toml": 'lint.select = ["F401"]\nlint.ignore = ["S105"]\n'}
    new = {"a.py": BAD + "password = 'hunter2'\nexec(f)\n"}
    weights = {each.rule: each.severity for each in found(tmp_path, config | new, config)}
    assert weights == {
        "F401": Severity.NOTE,
        "F821": Severity.BLOCKER,
        "S102": Severity.NOTE,
    }


def test_tests_may_assert_and_use_passwords(tmp_path: Path) -> None:
    text = "def test_f():\n    password = 'hunter2'\n    assert password\n    print(password)\n"
    assert found(tmp_path, {"tests/test_a.py": text}) == []


def test_no_python_is_not_run(tmp_path: Path) -> None:
    assert not check_lint(make_change(tmp_path, {}, {"a.md": "x"})).is_run


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [("ruff.toml", "", True), ("pyproject.toml", "[tool.ruff]\n", True), ("x", "", False)],
)
def test_where_ruff_is_configured(tmp_path: Path, file: str, text: str, expected: bool) -> None:
    (tmp_path / file).write_text(text)
    assert has_own_config(tmp_path) is expected


def test_taste_is_a_note() -> None:
    assert severity_of("T201") is Severity.NOTE
    assert severity_of("SIM102") is Severity.NOTE
    assert severity_of("S105") is Severity.WARNING
    assert severity_of("E722") is Severity.WARNING


def test_another_encoding_is_no_fault_of_the_code() -> None:
    assert severity_of("E902") is Severity.WARNING
