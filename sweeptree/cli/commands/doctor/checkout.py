"""What `sweeptree doctor` says of the repository that it is called in, and of its worktrees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sweeptree.cli.commands.doctor.finding import Finding
from sweeptree.errors import SweeptreeError

_SHOWN = 5


def check_repository(*, repair: bool) -> Iterator[Finding]:
    """Whether there is a repository here, and whether its worktrees are whole."""
    from sweeptree import repository, worktrees

    try:
        repo = repository.find_repository(Path.cwd())
    except SweeptreeError as error:
        yield Finding("repository", "warn", error.message, "; ".join(error.hint))
        return
    shallow = " (shallow)" if repo.is_shallow else ""
    yield Finding("repository", "ok", f"{repo.top}{shallow}")
    if repair:
        for done in worktrees.repair(repo):
            yield Finding("repaired", "ok", done)
        return
    yield _worktrees([*_half_made(repo.common_dir), *worktrees.abandoned(repo)])


def _worktrees(half_made: list[str]) -> Finding:
    if not half_made:
        return Finding("worktrees", "ok", "none is half-made")
    names = ", ".join(half_made[:_SHOWN])
    text = f"{len(half_made)} half-made or missing worktrees: {names}"
    return Finding("worktrees", "warn", text, "sweeptree doctor --repair")


def _half_made(common_dir: Path) -> Iterator[str]:
    """Names of registered worktrees whose folder is missing or whose making was cut short."""
    registered = common_dir / "worktrees"
    entries = sorted(registered.iterdir()) if registered.is_dir() else []
    for entry in entries:
        if _is_half_made(entry):
            yield entry.name


def _is_half_made(entry: Path) -> bool:
    pointer, lock = entry / "gitdir", entry / "locked"
    try:
        is_there = Path(pointer.read_text().strip()).exists()
        reason = lock.read_text().strip() if lock.exists() else None
    except (OSError, UnicodeDecodeError):
        return True
    return reason == "initializing" or (not is_there and reason is None)
