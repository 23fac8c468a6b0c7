"""SARIF and rdjson."""

from sweeptree.review.formats import rdjson_of, sarif_of
from sweeptree.review.values import Finding, Review, Severity

FINDING = Finding(
    "a b.py", 3, "F632", "ruff", Severity.WARNING, "use ==", end=4, suggestion="x == 1",
    fingerprint="f" * 16,
)  # fmt: skip
NOWHERE = Finding("", 0, "tests-fail", "tests", Severity.BLOCKER, "exit code 3")
REVIEW = Review("topic", "b" * 40, "a" * 40, 1, 1, 1, (NOWHERE, FINDING), ())


def test_a_sarif_result_points_to_its_rule_and_lines() -> None:
    (run,) = sarif_of(REVIEW)["runs"]
    nowhere, result = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "ruff/F632"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.py"
    assert place["region"] == {"startLine": 3, "endLine": 4}
    assert (result["level"], nowhere["level"]) == ("warning", "error")
    assert "locations" not in nowhere


def test_sarif_carries_the_fingerprint() -> None:
    result = sarif_of(REVIEW)["runs"][0]["results"][1]
    assert result["partialFingerprints"] == {"sweeptree/v1": "f" * 16}


def test_rdjson_has_suggestions_and_leaves_out_what_has_no_file() -> None:
    (diagnostic,) = rdjson_of(REVIEW)["diagnostics"]
    assert diagnostic["location"]["range"] == {"start": {"line": 3}, "end": {"line": 4}}
    (suggestion,) = diagnostic["suggestions"]
    assert suggestion["range"]["end"] == {"line": 5, "column": 1}
    assert suggestion["text"] == "x == 1\n"
