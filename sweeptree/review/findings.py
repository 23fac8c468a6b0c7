"""Which findings are new, and how those of one line become one.

A finding is new when its kind stands less often at the merge base: its key is the rule, the line's
text without spaces and the definition round it, so moved code is not news. Unless it is about the
whole change, it must also stand on an added line.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sweeptree.review.change import Change
from sweeptree.review.scopes import enclosing
from sweeptree.review.values import CheckResult, Finding, in_order, legible

_LENGTH = 16


def new_findings(results: Iterable[CheckResult], change: Change) -> tuple[Finding, ...]:
    """What the change brought, merged per line, in order, each with its fingerprint."""
    found: list[Finding] = []
    for result in results:
        found += _new(result, change)
    merged = merged_by_line(found)
    placed = [replace(each, is_on_diff=_is_on_diff(each, change)) for each in merged]
    return _with_fingerprints(in_order(placed))


def _is_on_diff(finding: Finding, change: Change) -> bool:
    return finding.line > 0 and is_on_added_line(finding, change)


def _new(result: CheckResult, change: Change) -> list[Finding]:
    before = Counter(_key(each, change, at_head=False) for each in result.before)
    keyed = [replace(each, key=_key(each, change, at_head=True)) for each in result.findings]
    known, on_change = _split(keyed, change)
    before.subtract(each.key for each in known)
    fresh = []
    for finding in on_change:
        if before[finding.key] > 0:
            before[finding.key] -= 1
        else:
            fresh.append(finding)
    return fresh


def _split(findings: Sequence[Finding], change: Change) -> tuple[list[Finding], list[Finding]]:
    """Those that the change cannot have brought, and the others."""
    on_change = [each for each in findings if each.is_apart or is_on_added_line(each, change)]
    return [each for each in findings if each not in on_change], on_change


def is_on_added_line(finding: Finding, change: Change) -> bool:
    """Whether it stands on a line of the change; of a file as a whole, when it is a new file."""
    file = change.file(finding.path)
    if file is None:
        return False
    if not finding.line:
        return file.old is None
    return finding.line in file.added


def _key(finding: Finding, change: Change, *, at_head: bool) -> str:
    """The same for the same fault, wherever the line stands now."""
    text = change.text(finding.path, at_head=at_head)
    content = line_of(text, finding.line) if finding.line else finding.message
    scope = _scope(finding, text)
    return _digest(finding.tool, finding.rule, scope, "".join(content.split()))


def _scope(finding: Finding, text: str) -> str:
    """The definition round it; not where a renamed one would make old findings look new."""
    if not finding.line:
        return finding.path
    return "" if finding.is_apart else enclosing(text, finding.line).rpartition(".")[2]


def line_of(text: str, line: int) -> str:
    """One line of a text, counted from 1; empty outside it."""
    lines = text.split("\n")
    return lines[line - 1].removesuffix("\r") if 0 < line <= len(lines) else ""


def merged_by_line(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per line: the gravest, with the other rules and any suggestion."""
    by_place: dict[tuple[str, int], Finding] = {}
    for finding in in_order(findings):
        place = finding.path, finding.line
        if not finding.line:
            place = f"{finding.path}\0{finding.rule}\0{finding.message}", 0
        known = by_place.get(place)
        by_place[place] = finding if known is None else _merged(known, finding)
    return list(by_place.values())


def _merged(kept: Finding, other: Finding) -> Finding:
    named = (*kept.others, f"{other.tool}: {other.rule}")
    rules = [rule for rule in named if rule != f"{kept.tool}: {kept.rule}"]
    suggestion = kept.suggestion
    if suggestion is None and other.end in (0, kept.last_line):
        suggestion = other.suggestion
    return replace(kept, others=tuple(dict.fromkeys(rules)), suggestion=suggestion)


def _with_fingerprints(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Each with a name of its own; the second of two equal ones is counted."""
    seen: Counter[tuple[str, str]] = Counter()
    named = []
    for finding in findings:
        seen[finding.path, finding.key] += 1
        number = seen[finding.path, finding.key]
        mark = _digest(finding.path, finding.key, str(number))
        path, message = legible(finding.path), legible(finding.message)
        named.append(replace(finding, path=path, message=message, fingerprint=mark))
    return tuple(named)


def _digest(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_LENGTH]
