"""What was saved of worktrees that are gone: where it is kept, and what is known of it.

Hides the layout of results/.salvage/<name>/: `manifest.json`, `files/` (what git does not hold),
`entry/` (git's own entry of the worktree) and `beside/` (our card). The rest is the commit at
refs/sweeptree/salvage/<name>: its tree is the worktree's files, its first parent HEAD, its second
the index; further parents are commits that no other ref leads to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from sweeptree.errors import RecordError, UsageError
from sweeptree.records import read_json
from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository, hide_results
from sweeptree.system import clock
from sweeptree.system.files import write_json
from sweeptree.worktrees.tree import remove_tree

FOLDER = ".salvage"
REFS = "refs/sweeptree/salvage"


class Stage(StrEnum):
    """How far a removal or its undoing has come; what a killed command left is told by it.

    `moving`: the worktree still stands, some of its files may have left it; `kept`: all is saved,
    and the worktree goes; `gone`: it went; `returning`: it is being brought back.
    """

    MOVING = "moving"
    KEPT = "kept"
    GONE = "gone"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True)
class Salvage:
    """What is known of one saved worktree.

    `worktree`: its name; `top`: where it stood; `entry`: git's entry; `head` None: it had no commit
    yet; `saved`: UTC, ISO 8601; `what`: what was saved, in words.
    """

    name: str
    worktree: str
    top: str
    entry: str
    stage: Stage
    head: str | None
    branch: str | None
    commit: str
    saved: str
    what: str
    port: int | None = None

    @property
    def ref(self) -> str:
        """The ref of its commit."""
        return f"{REFS}/{self.name}"


def salvage_folder(repo: Repository) -> Path:
    """Where all saved worktrees are kept."""
    return repo.results_dir.resolve() / FOLDER


def store_of(repo: Repository, salvage: Salvage) -> Path:
    """Where one saved worktree is kept."""
    return salvage_folder(repo) / salvage.name


def write_salvage(repo: Repository, salvage: Salvage) -> None:
    """Write down, durably, what is known of a saved worktree."""
    folder = store_of(repo, salvage)
    hide_results(repo, salvage_folder(repo))
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "manifest.json", asdict(salvage))


def all_salvages(repo: Repository) -> list[Salvage]:
    """Everything that was saved, oldest first."""
    found = [_read(path) for path in salvage_folder(repo).glob("*/manifest.json")]
    known = [salvage for salvage in found if salvage is not None]
    return sorted(known, key=lambda salvage: (salvage.saved, salvage.name))


def _read(path: Path) -> Salvage | None:
    try:
        value = read_json(path)
        return Salvage(**{**value, "stage": Stage(value["stage"])})
    except (RecordError, TypeError, KeyError, ValueError):
        return None


def find_salvage(repo: Repository, wanted: str) -> Salvage:
    """What was saved under this name, or last of the worktree of this name. Raises UsageError."""
    known = all_salvages(repo)
    same = [each for each in known if wanted in (each.name, each.worktree, each.top)]
    exact = [each for each in same if each.name == wanted]
    if same:
        return (exact or same)[-1]
    names = ", ".join(each.name for each in known[-10:])
    raise UsageError(
        f"nothing was saved of a worktree {wanted!r}",
        hint=f"there is: {names}" if names else "sweeptree worktree list shows what there is",
    )


def free_name(repo: Repository, worktree: str) -> str:
    """A name for what is saved of a worktree that no other has."""
    stem = worktree.replace("/", "--")
    taken = {path.name for path in _listed(salvage_folder(repo))} | _names_of_refs(repo)
    name, count = stem, 2
    while name in taken:
        name, count = f"{stem}-{count}", count + 1
    return name


def _listed(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _names_of_refs(repo: Repository) -> set[str]:
    """The first part of each name below our refs: a ref cannot stand above another."""
    listing = plumbing.text(repo.top, "for-each-ref", "--format=%(refname)", REFS)
    refs = [line.removeprefix(f"{REFS}/") for line in listing.splitlines()]
    return {ref.partition("/")[0] for ref in refs}


def set_stage(repo: Repository, salvage: Salvage, stage: Stage) -> Salvage:
    """Note, durably, how far it has come."""
    now = replace(salvage, stage=stage)
    write_salvage(repo, now)
    return now


def new_salvage(worktree: str, name: str, top: Path, entry: Path) -> Salvage:
    """What is known before anything is saved."""
    return Salvage(
        name=name,
        worktree=worktree,
        top=str(top),
        entry=str(entry),
        stage=Stage.MOVING,
        head=None,
        branch=None,
        commit="",
        saved=clock.utc_now(),
        what="",
    )


def forget_salvage(repo: Repository, salvage: Salvage) -> None:
    """Delete what was saved: its worktree is back, or never went."""
    plumbing.ask(repo.top, *plumbing.DURABLE, "update-ref", "-d", salvage.ref)
    folder = store_of(repo, salvage)
    (folder / "manifest.json").unlink(missing_ok=True)
    remove_tree(folder)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def shift(source: Path, target: Path) -> None:
    """Move a file or folder, also to another disk; at every moment one of both is whole.

    What already stands at `target` is kept, unless both are folders, which are joined.
    """
    if not _is_there(source):
        return
    if _is_folder(source) and _is_folder(target):
        _join(source, target)
        return
    if _is_there(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(source, target)


def _join(source: Path, target: Path) -> None:
    for child in sorted(source.iterdir()):
        shift(child, target / child.name)
    with contextlib.suppress(OSError):
        source.rmdir()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _copy_over(source: Path, target: Path) -> None:
    half = target.with_name(f".{target.name}.half")
    remove_tree(half) if _is_folder(half) else half.unlink(missing_ok=True)
    if _is_folder(source):
        shutil.copytree(source, half, symlinks=True)
    else:
        shutil.copy2(source, half, follow_symlinks=False)
    os.sync()
    half.rename(target)
    remove_tree(source) if _is_folder(source) else source.unlink()
