"""`sweeptree review`: the Code Reviewer for a pull request, a range of commits or a worktree."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from sweeptree.cli.options import FLAG, JSON
from sweeptree.cli.screens.terminal import printable, say, write_out
from sweeptree.errors import Refused, UsageError
from sweeptree.model import ExitCode
from sweeptree.model.text import parse_duration

if TYPE_CHECKING:
    from sweeptree.review import Finding, Review

_SHOWN = 50  # findings of one severity
_TITLES = {"blocker": "blockers", "warning": "warnings", "note": "notes"}


def review(  # noqa: PLR0913
    subject: str | None = None,
    /,
    *,
    worktree: Path | None = None,
    post: Annotated[bool, FLAG] = False,
    sarif: Path | None = None,
    rdjson: Path | None = None,
    base: str | None = None,
    test_command: str | None = None,
    no_tests: Annotated[bool, FLAG] = False,
    timeout: str = "30m",
    budget: str = "5m",
    repo: str | None = None,
    remote: str = "origin",
    allow_forks: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Say what is new and wrong in a change. Exit code 1 when something stands in its way.

    Parameters
    ----------
    subject
        A pull request (its number or URL) or BASE..HEAD; default: the worktree you are in, with
        all that is not committed.
    worktree
        Another worktree to review.
    post
        Show the review on the pull request; without it nothing leaves this machine.
    sarif
        Write the findings to this file as SARIF 2.1.0.
    rdjson
        Write the findings to this file for reviewdog.
    base
        For a worktree: what to compare with; default: the remote's default branch, else main.
    test_command
        How to test; default: test_command under [tool.sweeptree] in pyproject.toml, make test,
        pytest.
    no_tests
        Check only what can be read; run no code.
    timeout
        Longest time for one run of the tests: 90s, 30m, 2h.
    budget
        Longest time for all runs that take one changed hunk back; 0s: none.
    repo
        OWNER/REPO of the pull request; default: the remote's.
    remote
        Name of the remote.
    allow_forks
        Run the tests of code from a fork too.
    as_json
        Print one JSON document.
    """
    from sweeptree.review import ReviewOptions

    options = ReviewOptions(
        test_command=test_command,
        run_tests=not no_tests,
        timeout=parse_duration(timeout),
        budget=_budget(budget),
        base=base,
        remote=remote,
        repo=repo,
        allow_forks=allow_forks,
        post=post,
    )
    _check_files(sarif, rdjson)
    done = _review(subject, worktree, options)
    _write_files(done, sarif, rdjson)
    _show_json(done) if as_json else _show(done)
    return _exit_code(done)


def _budget(text: str) -> float:
    """Seconds; 0s is an answer here, no mistake."""
    return 0.0 if text.strip() in ("0", "0s") else parse_duration(text)


def _exit_code(done: Review) -> int:
    if done.is_blocked:
        return ExitCode.JOBS_FAILED
    return ExitCode.STEP_FAILED if done.is_unposted else ExitCode.OK


def _review(subject: str | None, worktree: Path | None, options: Any) -> Review:
    from sweeptree.publish.delivery import Context
    from sweeptree.review import review as review_subject
    from sweeptree.settings import Settings

    if subject is not None and worktree is not None:
        raise UsageError("name a subject or --worktree, not both", hint="sweeptree review --help")
    if subject is not None and options.base is not None:
        raise UsageError("--base is for a worktree only", hint="name BASE..HEAD instead")
    context = Context.of(Settings(), os.environ)
    return review_subject(worktree or Path.cwd(), subject, options, context)


def _check_files(*files: Path | None) -> None:
    """Refuse what could not be written, before the work."""
    for file in files:
        if file is not None and not file.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {file.parent}", hint=f"mkdir -p {file.parent}")
        if file is not None and file.is_dir():
            raise UsageError(f"{file} is a folder", hint="name a file")


def _write_files(done: Review, sarif: Path | None, rdjson: Path | None) -> None:
    from sweeptree.review import rdjson_of, sarif_of

    for file, make in ((sarif, sarif_of), (rdjson, rdjson_of)):
        if file is not None:
            _write(file, json.dumps(make(done), indent=2, ensure_ascii=False) + "\n")


def _write(file: Path, text: str) -> None:
    from sweeptree.system import files

    try:
        files.write_bytes(file, text.encode())
    except OSError as error:
        raise Refused(
            f"{file} cannot be written: {error.strerror}", hint="choose another"
        ) from error


def _show(done: Review) -> None:
    from sweeptree.review import Severity, verdict

    write_out(f"{printable(done.subject)}: {verdict(done)}\n")
    files = "1 file" if done.files == 1 else f"{done.files} files"
    size = f"{files}, +{done.added} -{done.removed}"
    write_out(f"  {done.base[:12]}..{done.head[:12]}  {size}\n")
    for severity in Severity:
        found = [each for each in done.findings if each.severity is severity]
        _show_findings(_TITLES[severity.value], found)
    for check in done.checks:
        mark = " " if check.is_run else "! not run:"
        say(f"{mark} {check.name}: {printable(check.note)}")
    for line in (*done.warnings, *done.posted):
        say(f"  {printable(line)}")
    if done.url and not (done.posted or done.is_unposted):
        say("  add --post to show it on the pull request")


def _show_findings(title: str, found: list[Finding]) -> None:
    if not found:
        return
    write_out(f"{title}\n")
    for finding in found[:_SHOWN]:
        rules = ", ".join([f"{finding.tool}: {finding.rule}", *finding.others])
        place = f"{printable(finding.place)}: " if finding.path else ""
        write_out(f"  {place}{printable(finding.message)} ({rules})\n")
    if len(found) > _SHOWN:
        write_out(f"  and {len(found) - _SHOWN} more: --json\n")


def _show_json(done: Review) -> None:
    from sweeptree.review import report_on

    write_out(report_on(done).model_dump_json() + "\n")
