"""What the worktrees of a sweep would lack of what stands in the user's checkout. Reads only.

Hides: git's status output, and the questions asked of submodules, LFS, sparse and partial clones.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.model import Base
from sweeptree.repository import plumbing
from sweeptree.repository.commits import below, status_path
from sweeptree.repository.needs import Need, needed_files
from sweeptree.repository.repository import Repository
from sweeptree.worktrees.links import Committed, LinksAndCopies, read_commit, survey

_SHOWN = 10
_FIRST = 3


@dataclass(frozen=True, slots=True)
class DirtyReport:
    """What is in the checkout but not in the commit.

    `changed`: tracked files that were modified, staged or deleted; `needed`: files outside the
    commit that the commands name or import; `others`: further untracked files; `links`, `copies`:
    what worktrees get beside the commit; `notes`: what else will be missing, and what to do.
    """

    changed: tuple[str, ...] = ()
    needed: tuple[Need, ...] = ()
    others: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def must_refuse(self) -> bool:
        """True when jobs would run other code than the user sees."""
        return bool(self.changed or self.needed)

    @property
    def is_clean(self) -> bool:
        """True when a snapshot would hold nothing that the commit lacks."""
        return not (self.changed or self.needed or self.others)

    @property
    def lines(self) -> tuple[str, ...]:
        """Why a sweep must refuse, one line per file, the untracked imported ones first."""
        imported = [
            f"{need.path} is imported by {need.by} and is not in the commit"
            for need in self.needed
            if need.by
        ]
        named = [
            f"{need.path} is named by a command and is not in the commit"
            for need in self.needed
            if not need.by
        ]
        changed = [f"{path} has changes that are not in the commit" for path in self.changed]
        lines = [*imported, *named, *changed]
        more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        return tuple(lines[:_SHOWN] + more)


def inspect(
    repo: Repository,
    base: Base,
    commands: Sequence[str],
    ignore: Sequence[Path] = (),
    links: Sequence[str] | None = None,
) -> DirtyReport:
    """Compare the checkout with the base.

    Not one byte of the repository changes, its index included.

    Paths below `ignore` (results) do not count, nor does what worktrees get by a link or a copy.
    """
    if repo.is_bare:
        return DirtyReport()
    committed = read_commit(repo, base.commit)
    furniture = survey(repo, committed, links)
    skipped = below(repo.start, ignore)
    changed, untracked = _status(repo, base, skipped)
    needed = [
        need
        for need in needed_files(repo.start, repo.start / repo.subfolder, commands)
        if not committed.has(need.path)
        and not need.path.startswith(skipped)
        and not furniture.provides(need.path)
    ]
    wanted = {need.path for need in needed}
    others = tuple(
        p for p in untracked if p not in wanted and not furniture.provides(p.rstrip("/"))
    )
    return DirtyReport(
        tuple(path for path in changed if path not in wanted),
        tuple(needed),
        others,
        furniture.links,
        furniture.copies,
        (*_other_notes(others), *_notes(repo, base, committed, furniture)),
    )


def _status(repo: Repository, base: Base, skipped: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Tracked files with changes that the base lacks; untracked files that git does not ignore."""
    found = plumbing.run(
        repo.start, "status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames"
    )
    changed: list[str] = []
    untracked: list[str] = []
    for entry in plumbing.names(found):
        path = status_path(entry)
        if not path.startswith(skipped):
            (untracked if entry[0] == "?" else changed).append(path)
    if changed:
        differs = set(
            plumbing.names(
                plumbing.run(repo.start, "diff", "--name-only", "-z", "--no-renames", base.commit)
            )
        )
        changed = [path for path in changed if path in differs]
    return changed, untracked


def _other_notes(others: Sequence[str]) -> list[str]:
    if not others:
        return []
    names = ", ".join(others[:_FIRST]) + (", ..." if len(others) > _FIRST else "")
    return [
        f"{len(others)} untracked file{'s' * (len(others) > 1)} will not be in the worktrees: {names}"
    ]


def _notes(
    repo: Repository, base: Base, committed: Committed, furniture: LinksAndCopies
) -> list[str]:
    notes = [
        f"{link} is linked into the worktrees: jobs share it with you" for link in furniture.links
    ]
    if committed.submodules:
        names = ", ".join(committed.submodules[:_FIRST])
        notes.append(
            f"submodules are empty in the worktrees ({names}): --setup 'git submodule update --init'"
        )
    if _uses_lfs(repo, base, committed) and shutil.which("git-lfs") is None:
        notes.append(
            "the commit has Git LFS files, but git-lfs is not installed: the worktrees hold only pointers"
        )
    return notes + _clone_notes(repo)


def _uses_lfs(repo: Repository, base: Base, committed: Committed) -> bool:
    files = [path for path in committed.files if path.rpartition("/")[2] == ".gitattributes"]
    if not files:
        return False
    call = plumbing.Call(env={"GIT_LITERAL_PATHSPECS": "1"})
    found = plumbing.ask(
        repo.start,
        "grep",
        "-q",
        "-I",
        "-e",
        "filter=lfs",
        base.commit,
        "--",
        *files[:100],
        call=call,
    )
    return found.code == 0


def _clone_notes(repo: Repository) -> list[str]:
    answer = plumbing.ask(
        repo.start, "config", "--get-regexp", r"^(core\.sparsecheckout|remote\..*\.promisor)$"
    )
    notes = []
    for line in answer.out.decode("utf-8", "replace").splitlines():
        key, _, value = line.rpartition(" ")
        if key == "core.sparsecheckout" and value == "true":
            notes.append("your checkout is sparse: the worktrees hold the same selection of files")
        elif key.endswith(".promisor") and value == "true":
            notes.append(
                "this is a partial clone: files it lacks are fetched when a worktree is made"
            )
    return notes
