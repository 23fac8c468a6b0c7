"""SARIF and rdjson."""

from collections.abc import Iterator
from typing import Any

from sarif_pydantic import Sarif

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
    place = nowhere["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "no-file"


def lost(given: Any, read: Any, place: str = "") -> Iterator[str]:
    """What another reader of the format did not understand."""
    if isinstance(given, dict):
        for key in given:
            yield from lost(given[key], (read or {}).get(key), f"{place}/{key}")
    elif isinstance(given, list):
        for number, each in enumerate(given):
            yield from lost(each, read[number], f"{place}/{number}")
    elif given != read:
        yield place


def test_another_reader_of_sarif_understands_all_of_it() -> None:
    document = sarif_of(REVIEW)
    read = Sarif.model_validate(document)
    plain = read.model_dump(by_alias=True, exclude_none=True, mode="json")
    assert list(lost(document, plain)) == []


def test_sarif_carries_the_fingerprint() -> None:
    result = sarif_of(REVIEW)["runs"][0]["results"][1]
    assert result["partialFingerprints"] == {"sweeptree/v1": "f" * 16}


def test_rdjson_has_suggestions_and_leaves_out_what_has_no_file() -> None:
    (diagnostic,) = rdjson_of(REVIEW)["diagnostics"]
    assert diagnostic["location"]["range"] == {"start": {"line": 3}, "end": {"line": 4}}
    (suggestion,) = diagnostic["suggestions"]
    assert suggestion["range"]["end"] == {"line": 5, "column": 1}
    assert suggestion["text"] == "x == 1\n"
