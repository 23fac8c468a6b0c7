"""Secrets on added lines. The rules are those that guard every push."""

from __future__ import annotations

from pathlib import PurePosixPath

from sweeptree.repository import leaks
from sweeptree.review.change import Change, ChangedFile, too_large
from sweeptree.review.values import CheckResult, Finding, Severity

NAME = "secrets"
_FILES = (".env", "id_rsa", "id_ed25519", "id_ecdsa", ".netrc", ".pypirc", "credentials.json")
_SHOWN = 3


def check_secrets(change: Change) -> CheckResult:
    """Known shapes of tokens and keys that no changed file held before."""
    before = "\n".join(file.old or "" for file in change.files).encode("utf-8", "replace")
    found: list[Finding] = []
    for file in change.files:
        found += _in_file(file, before)
    return CheckResult(NAME, tuple(found), note=f"the rules that guard pushes{_unread(change)}")


def _unread(change: Change) -> str:
    large = too_large(change)
    more = f" and {len(large) - _SHOWN} more" if len(large) > _SHOWN else ""
    return f"; too large to be read: {', '.join(large[:_SHOWN])}{more}" if large else ""


def _in_file(file: ChangedFile, before: bytes) -> list[Finding]:
    content = (file.new or "").encode("utf-8", "replace")
    found = [
        _finding(file.path, leak.line, f"this holds {leak.what}: take it out, and revoke it")
        for leak in leaks.find_leaks(content, before)
    ]
    if file.old is None and file.new is not None and PurePosixPath(file.path).name in _FILES:
        text = "files of this name hold secrets: it should not be committed"
        found.append(_finding(file.path, 1, text, Severity.WARNING))
    return found


def _finding(path: str, line: int, text: str, severity: Severity = Severity.BLOCKER) -> Finding:
    return Finding(path, line, "secret", "sweeptree", severity, text)
