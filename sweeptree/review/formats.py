"""A review in the formats of others: SARIF 2.1.0 and reviewdog's rdjson. Pure.

Sources: docs.oasis-open.org/sarif/sarif/v2.1.0 and reviewdog's proto/rdf.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from sweeptree import __version__
from sweeptree.review.values import Finding, Review, Severity

_LEVELS = {Severity.BLOCKER: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_RD_LEVELS = {Severity.BLOCKER: "ERROR", Severity.WARNING: "WARNING", Severity.NOTE: "INFO"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_NO_FILE = "no-file"  # code scanning refuses a document with a result that has no place
FINGERPRINT = "sweeptree/v1"

Json = dict[str, Any]


def sarif_of(review: Review) -> Json:
    """One SARIF run with a rule for each kind of finding."""
    rules = sorted({rule_id(finding) for finding in review.findings})
    driver = {
        "name": "sweeptree",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": rule}} for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "root of the repository"}}},
        "properties": {"base": review.base, "head": review.head},
        "results": [_result(finding, rules) for finding in review.findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def rule_id(finding: Finding) -> str:
    """The tool and its rule, as one name."""
    return f"{finding.tool}/{finding.rule}"


def _result(finding: Finding, rules: list[str]) -> Json:
    result: Json = {
        "ruleId": rule_id(finding),
        "ruleIndex": rules.index(rule_id(finding)),
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
    }
    result["locations"] = [{"physicalLocation": _location(finding)}]
    return result


def _location(finding: Finding) -> Json:
    artifact = {"uri": quote(finding.path or _NO_FILE), "uriBaseId": "SRCROOT"}
    location: Json = {"artifactLocation": artifact}
    if finding.line:
        location["region"] = {"startLine": finding.line, "endLine": finding.last_line}
    return location


def rdjson_of(review: Review) -> Json:
    """The findings as reviewdog reads them (`reviewdog -f=rdjson`)."""
    return {
        "source": {"name": "sweeptree"},
        "diagnostics": [_diagnostic(finding) for finding in _placed(review.findings)],
    }


def _placed(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.path]


def _diagnostic(finding: Finding) -> Json:
    location: Json = {"path": finding.path}
    if finding.line:
        location["range"] = _range(finding)
    diagnostic: Json = {
        "message": finding.message,
        "location": location,
        "severity": _RD_LEVELS[finding.severity],
        "source": {"name": finding.tool},
        "code": {"value": finding.rule},
    }
    if finding.suggestion is not None:
        text = f"{finding.suggestion}\n"
        diagnostic["suggestions"] = [{"range": _whole_lines(finding), "text": text}]
    return diagnostic


def _range(finding: Finding) -> Json:
    return {"start": {"line": finding.line}, "end": {"line": finding.last_line}}


def _whole_lines(finding: Finding) -> Json:
    start = {"line": finding.line, "column": 1}
    return {"start": start, "end": {"line": finding.last_line + 1, "column": 1}}
