"""`sweeptree merge`: the Merge Assistant for a pull request or a worktree."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from sweeptree.analysis.wording import file_line
from sweeptree.cli.options import FLAG, JSON
from sweeptree.cli.screens.terminal import agreed, printable, say, somebody_types, write_out
from sweeptree.model import ExitCode
from sweeptree.model.text import parse_duration

if TYPE_CHECKING:
    from sweeptree.publish.merging import MergeDecision

_TEST_LINES = 20
_DIFF_LINES, _WIDTH, _FILES = 400, 500, 50
_HEADLINES = {
    "merged": "merged {subject} into {base} as {commit}",
    "ready": "{subject} can be merged into {base}: the tests of the result are green",
    "planned": (
        "nothing stands in the way of merging {subject} into {base}; "
        "its result would be tested, then landed"
    ),
    "refused": "not merged: {reason}",
    "up-to-date": "nothing to merge: {reason}",
}


def merge(  # noqa: PLR0913
    subject: str,
    /,
    *,
    base: str | None = None,
    method: Literal["merge", "squash", "rebase", "ff"] = "merge",
    test_command: str | None = None,
    timeout: str = "1h",
    approvals: int = 1,
    repo: str | None = None,
    remote: str = "origin",
    allow_forks: Annotated[bool, FLAG] = False,
    dry_run: Annotated[bool, FLAG] = False,
    yes: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Test the result of a merge in a throw-away worktree, and land exactly what was tested.

    Parameters
    ----------
    subject
        A pull request (its number or URL), or a worktree whose branch is merged locally.
    base
        For a worktree: the branch to merge into; default: the remote's default branch, else main.
    method
        How: a merge commit, one squashed commit, the commits rebased, or fast-forward only.
    test_command
        How to test; default: test_command under [tool.sweeptree] in pyproject.toml, make test,
        pytest.
    timeout
        Longest time for the tests: 90s, 30m, 2h.
    approvals
        Approvals that a pull request needs of its newest commit.
    repo
        OWNER/REPO of the pull request; default: the remote's.
    remote
        Name of the remote.
    allow_forks
        Test and merge code from a fork too.
    dry_run
        Show what stands in the way; test nothing, land nothing.
    yes
        Land without asking.
    as_json
        Print one JSON document.
    """
    from sweeptree.publish.merging import MergeOptions

    options = MergeOptions(
        method=method,
        test_command=test_command,
        timeout=parse_duration(timeout),
        approvals=approvals,
        remote=remote,
        base=base,
        repo=repo,
        allow_forks=allow_forks,
        dry_run=dry_run,
        diff_lines=0 if yes else _DIFF_LINES,
        confirm=(lambda _: True) if yes else _ask,
    )
    decision = _decide(subject, options)
    _show_json(decision) if as_json else _show(decision)
    return ExitCode.REFUSED if decision.state == "refused" else ExitCode.OK


def _decide(subject: str, options: Any) -> MergeDecision:
    from sweeptree.publish.delivery import Context
    from sweeptree.publish.merging import merge_pull, merge_worktree, pull_number

    number = None if Path(subject).is_dir() else pull_number(subject)
    if number is None:
        return merge_worktree(Path(subject), options)
    from sweeptree.settings import Settings

    return merge_pull(Path.cwd(), number, options, Context.of(Settings(), os.environ))


def _ask(decision: MergeDecision) -> bool:
    if not somebody_types():
        return False
    _show_files(decision)
    _show_diff(decision)
    return agreed(f"merge {printable(decision.subject)} into {printable(decision.base)}?")


def _show(decision: MergeDecision) -> None:
    write_out(f"{printable(_headline(decision))}\n")
    for other in decision.others:
        write_out(f"  {printable(other)}\n")
    for path in decision.conflicts:
        write_out(f"  conflict in {printable(path)}\n")
    _show_files(decision)
    if _wants_diff(decision):
        _show_diff(decision)
    _show_run(decision)
    for line in decision.warnings:
        say(f"! {printable(line)}")
    if decision.state == "ready":
        say("  add --yes to land it")


def _headline(decision: MergeDecision) -> str:
    return _HEADLINES[decision.state].format(
        subject=decision.subject,
        base=decision.base,
        commit=(decision.commit or "")[:12],
        reason=decision.reason,
    )


def _wants_diff(decision: MergeDecision) -> bool:
    """Whether the diff has not been shown before a question."""
    return decision.state == "planned" or (decision.state == "ready" and not somebody_types())


def _show_run(decision: MergeDecision) -> None:
    """What the tests said, and the end of their output when they are red."""
    run = decision.run
    if run is None:
        return
    write_out(f"  {printable(run.command)}: {printable(run.summary)}\n")
    if not run.is_green:
        last = run.tail.splitlines()[-_TEST_LINES:]
        say("\n".join(printable(line) for line in last))


def _show_files(decision: MergeDecision) -> None:
    for file in decision.files[:_FILES]:
        write_out(f"{file_line(file.path, file.added, file.removed)}\n")
    if len(decision.files) > _FILES:
        write_out(f"    and {len(decision.files) - _FILES} more files\n")


def _show_diff(decision: MergeDecision) -> None:
    for line in decision.diff.splitlines():
        write_out(f"{printable(line[:_WIDTH])}\n")
    if decision.files and not decision.diff:
        write_out(
            f"  the diff is long: git diff {decision.base_commit[:12]}...{decision.head[:12]}\n"
        )


def _show_json(decision: MergeDecision) -> None:
    from sweeptree.publish.merging import report_on

    document = {**asdict(decision), "report": report_on(decision).model_dump(mode="json")}
    write_out(json.dumps(document, ensure_ascii=False, default=str) + "\n")
