"""The history of a repository, read as objects.

This is where GitPython earns its place: it parses, plain git acts.
"""

from __future__ import annotations

from pathlib import Path

MOST = 50


def commits_between(top: Path, base: str, head: str, *, limit: int = MOST) -> tuple[str, ...]:
    """Commits that `head` has and `base` lacks, newest first, a line each: id, subject, author."""
    from git import Repo

    with Repo(top) as repo:
        found = repo.iter_commits(f"{base}..{head}", max_count=limit)
        return tuple(
            f"{commit.hexsha[:12]} {_first_line(commit.message)} ({commit.author.name})"
            for commit in found
        )


def _first_line(message: str | bytes) -> str:
    text = message if isinstance(message, str) else message.decode(errors="replace")
    return text.partition("\n")[0][:100]
