"""What the worktrees of a sweep would lack of what stands in the user's checkout. Reads only.

Hides: git's status output, and the questions asked of submodules, LFS, sparse and partial clones.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.model import Base
from sweeptree.repository import plumbing
from sweeptree.repository.commit_paths import CommitPaths, read_commit_paths
from sweeptree.repository.commits import below, copied_index, index_of, status_path
from sweeptree.repository.needs import Need, needed_files
from sweeptree.repository.repository import Repository
from sweeptree.worktrees.environments import is_in_environment
from sweeptree.worktrees.links import LinksAndCopies, plan_links_and_copies

_SHOWN = 10
_FIRST = 3
_LFS_OID = "^oid sha256:[0-9a-f]*$"
_OID = 64
_CLONE_NOTES = {
    "sparsecheckout": "your checkout is sparse: the worktrees hold the same selection of files",
    "promisor": "this is a partial clone: files it lacks are fetched when a worktree is made",
}


@dataclass(frozen=True, slots=True)
class DirtyReport:
    """What is in the checkout but not in the commit.

    `changed`: tracked files that were modified, staged or deleted; `needed`: files outside the
    commit that the commands name or import; `others`: further untracked files; `links`, `copies`:
    what worktrees get beside the commit; `notes`: what else will be missing, and what to do.
    `ignored`: those of the needed that git ignores, which no snapshot carries; `in_submodules`:
    files that the commands need and that only a setup command can bring.
    """

    changed: tuple[str, ...] = ()
    needed: tuple[Need, ...] = ()
    others: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    in_submodules: tuple[str, ...] = ()

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
        imported = [_imported(need) for need in self.needed if need.by]
        named = [_named(need) for need in self.needed if not need.by]
        changed = [f"{path} has changes that are not in the commit" for path in self.changed]
        lines = [*imported, *named, *changed]
        more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        return (*lines[:_SHOWN], *more)


def _imported(need: Need) -> str:
    return f"{need.path} is imported by {need.by} and is not in the commit"


def _named(need: Need) -> str:
    return f"{need.path} is named by a command and is not in the commit"


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
    committed = read_commit_paths(repo, base.commit)
    extras = plan_links_and_copies(repo, committed, links)
    skipped = below(repo.start, ignore)

    def is_elsewhere(path: str) -> bool:
        """True for what worktrees have anyway, and for what does not count."""
        return committed.has(path) or path.startswith(skipped) or extras.provides(path)

    found = needed_files(repo.start, repo.start / repo.subfolder, commands)
    lacking = [need for need in found if not is_elsewhere(need.path)]
    needed, in_submodules = _parted(repo, committed, lacking)
    changed, untracked = _status(repo, base, skipped)
    remaining = _not_needed(untracked, needed)
    others = tuple(path for path in remaining if not extras.provides(path.rstrip("/")))
    return DirtyReport(
        changed=_not_needed(changed, needed),
        needed=needed,
        others=others,
        links=extras.links,
        copies=extras.copies,
        notes=(
            *_other_notes(others),
            *(
                f"{path} is in a submodule: the setup command must bring it"
                for path in in_submodules
            ),
            *_notes(repo, base, committed, extras),
        ),
        ignored=_ignored(repo, [need.path for need in needed]),
        in_submodules=in_submodules,
    )


def _parted(
    repo: Repository, committed: CommitPaths, lacking: Sequence[Need]
) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    """What is needed, and what of it is in submodules; an environment is found anyway."""
    needed = [need for need in lacking if not is_in_environment(repo.start, need.path)]
    submodules = tuple(f"{path}/" for path in committed.submodules)
    inside = tuple(need.path for need in needed if need.path.startswith(submodules))
    return tuple(need for need in needed if need.path not in inside), inside


def _ignored(repo: Repository, paths: Sequence[str]) -> tuple[str, ...]:
    """Those of the paths that git ignores."""
    if not paths:
        return ()
    call = plumbing.Call(data="".join(f"{path}\0" for path in paths).encode())
    answer = plumbing.ask(repo.start, "check-ignore", "-z", "--stdin", call=call)
    return tuple(plumbing.names(answer.out))


def _not_needed(paths: Sequence[str], needed: Sequence[Need]) -> tuple[str, ...]:
    wanted = {need.path for need in needed}
    return tuple(path for path in paths if path not in wanted)


def _status(repo: Repository, base: Base, skipped: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Tracked files with changes that the base lacks; untracked files that git does not ignore."""
    words = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames")
    entries = plumbing.names(plumbing.run(repo.start, *words))
    counted = [entry for entry in entries if not status_path(entry).startswith(skipped)]
    changed = [status_path(entry) for entry in counted if entry[0] != "?"]
    untracked = [status_path(entry) for entry in counted if entry[0] == "?"]
    return _differing(repo, base, changed), untracked


def _differing(repo: Repository, base: Base, changed: list[str]) -> list[str]:
    """Those of the files that are not as the base has them.

    Asked of a copy of the index: `git diff` writes down what it finds to be unchanged.
    """
    if not changed:
        return []
    words = ("diff", "--name-only", "-z", "--no-renames", base.commit)
    with copied_index(index_of(repo)) as index:
        call = plumbing.Call(env={"GIT_INDEX_FILE": str(index)})
        answer = plumbing.run(repo.start, *words, call=call)
    differing = set(plumbing.names(answer))
    return [path for path in changed if path in differing]


def _other_notes(others: Sequence[str]) -> list[str]:
    if not others:
        return []
    names = ", ".join(others[:_FIRST]) + (", ..." if len(others) > _FIRST else "")
    files = "untracked file" if len(others) == 1 else "untracked files"
    return [f"{len(others)} {files} will not be in the worktrees: {names}"]


def absolute_notes(repo: Repository, base: Base, commands: Iterable[str]) -> list[str]:
    """Files of the commit that commands name by their place in the checkout."""
    place = re.compile(re.escape(f"{repo.start}/") + r"([^\s'\";&|()<>]+)")
    named = dict.fromkeys(path for command in commands for path in place.findall(command))
    if not named:
        return []
    committed = read_commit_paths(repo, base.commit)
    found = [path for path in named if path in committed.files]
    if not found:
        return []
    names = ", ".join(found[:_FIRST]) + (", ..." if len(found) > _FIRST else "")
    why = "jobs use the file in your checkout, not the commit's"
    return [f"commands name {names} by an absolute path: {why}"]


def _notes(
    repo: Repository, base: Base, committed: CommitPaths, extras: LinksAndCopies
) -> list[str]:
    notes = [
        f"{link} is linked into the worktrees: jobs share it with you" for link in extras.links
    ]
    if committed.submodules:
        names = ", ".join(committed.submodules[:_FIRST])
        advice = "--setup 'git submodule update --init'"
        notes.append(f"submodules are empty in the worktrees ({names}): {advice}")
    if _uses_lfs(repo, base, committed) and shutil.which("git-lfs") is None:
        notes.append(
            "the commit has Git LFS files, but git-lfs is not installed: "
            "the worktrees hold only pointers"
        )
    elif _uses_lfs(repo, base, committed):
        notes += _lfs_notes(repo, base)
    return notes + _clone_notes(repo)


def _lfs_notes(repo: Repository, base: Base) -> list[str]:
    """Git LFS files whose content is not here: git would fail to make a worktree with them."""
    if os.environ.get("GIT_LFS_SKIP_SMUDGE") == "1":
        return ["GIT_LFS_SKIP_SMUDGE is set: the worktrees hold only pointers of Git LFS files"]
    answer = plumbing.ask(repo.start, "grep", "-h", "-I", "-e", _LFS_OID, base.commit)
    oids = {line.rpartition(b":")[2].decode("ascii", "replace") for line in answer.out.split()}
    store = repo.common_dir / "lfs/objects"
    missing = [oid for oid in oids if len(oid) == _OID and not _lfs_object(store, oid).exists()]
    if not missing:
        return []
    cure = "git lfs fetch brings them, or export GIT_LFS_SKIP_SMUDGE=1 to go with pointers"
    return [f"{len(missing)} Git LFS files of the commit are not here: {cure}"]


def _lfs_object(store: Path, oid: str) -> Path:
    return store / oid[:2] / oid[2:4] / oid


def _uses_lfs(repo: Repository, base: Base, committed: CommitPaths) -> bool:
    files = [path for path in committed.files if path.rpartition("/")[2] == ".gitattributes"]
    if not files:
        return False
    call = plumbing.Call(env={"GIT_LITERAL_PATHSPECS": "1"})
    words = ("grep", "-q", "-I", "-e", "filter=lfs", base.commit, "--", *files[:100])
    return plumbing.ask(repo.start, *words, call=call).code == 0


def _clone_notes(repo: Repository) -> list[str]:
    pattern = r"^(core\.sparsecheckout|remote\..*\.promisor)$"
    answer = plumbing.ask(repo.start, "config", "--get-regexp", pattern)
    settings = [line.rpartition(" ") for line in answer.out.decode("utf-8", "replace").splitlines()]
    switched_on = [key for key, _, value in settings if value == "true"]
    return [_CLONE_NOTES[key.rpartition(".")[2]] for key in switched_on]
