"""What would be lost with a worktree: everything in it that no ref of the repository leads to.

Hides where work can stand: in files that git tracks, in new and in ignored ones, in the index
alone, behind flags that tell git to look away, in repositories inside, in commits that only the
worktree's own history names, in a merge or rebase that is not done.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.repository import plumbing
from sweeptree.repository.commits import status_path
from sweeptree.repository.repository import Repository
from sweeptree.worktrees import registry, saved_commits
from sweeptree.worktrees.manager import exact
from sweeptree.worktrees.manager.places import Place

# What the user set to make git look less closely must not hide a change here.
CAREFUL = ("-c", "core.trustctime=true", "-c", "core.checkStat=default", "-c", "core.fileMode=true")
_CACHES = frozenset(("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"))
_SUBMODULE = "160000"
_UNFINISHED = (
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "BISECT_LOG",
    "rebase-merge",
    "rebase-apply",
    "sequencer",
)


@dataclass(frozen=True, slots=True)
class Losses:
    """What only this worktree has. Paths below its top.

    `changed`: tracked files that differ from HEAD, in the index or on disk, deleted ones too;
    `made`: new files; `ignored`: files that git ignores, without caches and what sweeptree put
    there; `repositories`: folders with a git of their own; `commits`: that no ref leads to;
    `unfinished`: git commands that are in the middle of something; `is_gone`: there is no folder.
    """

    changed: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    is_staged: bool = False
    is_gone: bool = False

    def __bool__(self) -> bool:
        files = self.changed or self.made or self.ignored or self.repositories
        return bool(files or self.commits or self.unfinished or self.is_staged)

    @property
    def text(self) -> str:
        """What would be lost, in words; empty when nothing would."""
        return ", ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        counted = (
            (self.changed, "changed file"),
            (self.made, "new file"),
            (self.ignored, "ignored file"),
            (self.commits, "commit on no branch"),
        )
        for found, noun in counted:
            if found:
                yield _counted(len(found), noun)
        if self.repositories:
            yield f"repositories inside ({', '.join(self.repositories[:3])})"
        if self.is_staged and not self.changed:
            yield "staged changes"
        if self.unfinished:
            yield f"an unfinished git command ({self.unfinished[0]})"


def _counted(many: int, noun: str) -> str:
    if many == 1:
        return f"1 {noun}"
    first, *rest = noun.split(" ")
    plural = f"{noun}s" if rest != ["on", "no", "branch"] else f"{first}s on no branch"
    return f"{many} {plural}"


def find_losses(repo: Repository, place: Place, *, made_by_setup: Sequence[str] = ()) -> Losses:
    """What would be lost with the worktree. Reads only. Raises GitError when git cannot tell.

    `repo` must stand elsewhere: what only the worktree's own HEAD names is no other's.
    """
    assert place.entry is not None
    entry = place.entry.folder
    commits = saved_commits.unreachable_tips(repo, saved_commits.named_commits(entry))
    unfinished = tuple(name for name in _UNFINISHED if (entry / name).exists())
    is_staged = _is_staged(repo, entry)
    if not place.top.is_dir():
        return Losses((), (), (), (), tuple(commits), unfinished, is_staged, is_gone=True)
    found = _status(place)
    hidden = _hidden_changes(place.top)
    ignored = _own_ignored(place, found.ignored, made_by_setup)
    return Losses(
        changed=tuple(dict.fromkeys([*found.changed, *hidden])),
        made=tuple(_not_ours(place, found.made)),
        ignored=tuple(ignored),
        repositories=tuple(_repositories(place, found)),
        commits=tuple(commits),
        unfinished=unfinished,
        is_staged=is_staged,
    )


@dataclass(frozen=True, slots=True)
class _Status:
    """What git's status said; paths that end in a slash are repositories inside."""

    changed: tuple[str, ...]
    made: tuple[str, ...]
    ignored: tuple[str, ...]


def _status(place: Place) -> _Status:
    words = ("status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all")
    more = ("--ignored=traditional", "--ignore-submodules=all")
    entries = plumbing.names(plumbing.run(place.top, *CAREFUL, *words, *more))
    by_kind = {kind: [e for e in entries if e[0] == kind] for kind in "12u?!"}
    tracked = [*by_kind["1"], *by_kind["2"], *by_kind["u"]]
    # Submodules are moved whole: git cannot look into them while the worktree stands aside.
    return _Status(
        changed=tuple(status_path(entry) for entry in tracked),
        made=tuple(status_path(entry) for entry in by_kind["?"]),
        ignored=tuple(status_path(entry) for entry in by_kind["!"]),
    )


def _is_staged(repo: Repository, entry: Path) -> bool:
    """Whether the index holds what HEAD lacks; the worktree's folder need not be there."""
    head = registry.head_of(repo, entry)
    if not (entry / "index").exists():
        return False
    call = plumbing.Call(env={"GIT_INDEX_FILE": str(entry / "index")})
    if head is None:
        return bool(plumbing.run(repo.top, "ls-files", "-s", "-z", call=call))
    words = ("diff-index", "--cached", "--quiet", "--ignore-submodules=none", head)
    return plumbing.ask(repo.top, *words, call=call).code != 0


def _hidden_changes(top: Path) -> list[str]:
    """Changed files that git was told not to look at (assume-unchanged, skip-worktree)."""
    listing = plumbing.names(plumbing.run(top, "ls-files", "-v", "-s", "-z"))
    flagged = [line for line in listing if line[0] == "S" or line[0].islower()]
    facts = {line.partition("\t")[2]: line.split(" ")[2] for line in flagged}
    present = [path for path in facts if (top / path).is_file() and not (top / path).is_symlink()]
    hashes = exact.hash_files(top, present, write=False, with_filters=True)
    return [path for path, found in zip(present, hashes, strict=True) if found != facts[path]]


def _own_ignored(place: Place, ignored: Iterable[str], made_by_setup: Sequence[str]) -> list[str]:
    skipped = tuple(f"{path}/" for path in made_by_setup)
    kept = [path for path in ignored if not path.endswith("/") and not is_cache(path)]
    return [
        path
        for path in _not_ours(place, kept)
        if not path.startswith(skipped) and path not in made_by_setup
    ]


def is_cache(path: str) -> bool:
    """Whether a file is a cache that Python or a tool makes again."""
    return path.endswith(".pyc") or not _CACHES.isdisjoint(path.split("/"))


def _not_ours(place: Place, paths: Iterable[str]) -> Iterator[str]:
    """Those of the files that sweeptree did not put there, or that were changed since."""
    card = place.card
    for path in paths:
        is_repository = path.endswith("/")
        if not is_repository and not (card and card.is_untouched(place.top, path)):
            yield path


def _repositories(place: Place, found: _Status) -> Iterator[str]:
    for path in (*found.made, *found.ignored):
        if path.endswith("/") and _has_files(place.top / path):
            yield path.rstrip("/")
    for line in plumbing.names(plumbing.run(place.top, "ls-files", "-s", "-z")):
        path = line.partition("\t")[2]
        if line.startswith(_SUBMODULE) and _has_files(place.top / path):
            yield path


def _has_files(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    with os.scandir(folder) as entries:
        return any(entries)


def has_modules(place: Place) -> bool:
    """Whether git's entry holds repositories of submodules, which go where the entry goes."""
    return place.entry is not None and (place.entry.folder / "modules").is_dir()
