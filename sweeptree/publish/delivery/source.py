"""What is delivered: the content of a worktree, or a commit that exists already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree import worktrees
from sweeptree.publish.delivery.values import Options
from sweeptree.repository import branches, leaks
from sweeptree.repository.differences import FileChange
from sweeptree.repository.guards import LeftOut
from sweeptree.worktrees import Contents


@dataclass(frozen=True, slots=True)
class Source:
    """What is delivered.

    `commit(on)` makes the commit, on top of an earlier delivery where there is one; `summary`: the
    first step of the plan.
    """

    top: Path
    head: str
    title: str
    summary: str
    commit: Callable[[str | None], str]
    files: tuple[FileChange, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()


def worktree_source(
    contents: Contents, branch: str, options: Options, known_secrets: Sequence[str]
) -> Source:
    """The content of a worktree, to be committed to `branch`."""
    title = options.title or f"Changes of {contents.branch or contents.top.name}"
    message = leaks.redact(_message(title, options.note), known_secrets)

    def commit(on: str | None) -> str:
        there = branches.local_branch(contents.top, branch)
        return worktrees.commit_contents(contents, message=message, on=on, like=there)

    return Source(
        top=contents.top,
        head=contents.head,
        title=title.splitlines()[0],
        summary=_summary(contents, branch),
        commit=commit,
        files=contents.files,
        left_out=contents.examined.left_out,
        warnings=contents.examined.warnings,
    )


def _message(title: str, note: str | None) -> str:
    body = (note or "").strip()
    return f"{title}\n\n{body}" if body else title


def _summary(contents: Contents, branch: str) -> str:
    head = contents.head[:12]
    if not contents.is_changed:
        return f"take {head} as {branch}: nothing is uncommitted"
    count = len(contents.files)
    files = "1 file" if count == 1 else f"{count} files"
    return f"commit {files} on {head} as {branch}"


def commit_source(top: Path, commit: str, branch: str, options: Options) -> Source:
    """A commit that exists, as `branch`."""

    def existing(_: str | None) -> str:
        return commit

    summary = f"commit {commit[:12]} as {branch}"
    return Source(top, commit, options.title or branch, summary, existing)
