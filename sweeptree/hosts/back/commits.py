"""What a job changed, from its worktree on a host into one here.

On the host `keep_for_return` makes two commits under a ref of its own, byte for byte and without
git's filters: first the changed tracked files on top of the base, then the files that the job made
on top of that; commits of the job's own are further parents. Here `fetch_commit` brings the ref,
and `materialise` puts its content into a clean worktree, where `changes` then says what it said
there.

Left out, and named: files over a limit, repositories inside the worktree, what cannot be read.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import GitError, Refused
from sweeptree.hosts.code.commits import git_remote
from sweeptree.hosts.remote import Site
from sweeptree.hosts.values import check_sweep_id
from sweeptree.model import Worktree
from sweeptree.repository import Repository, find_repository, plumbing, remotes
from sweeptree.repository.branches import commit_of, tree_id
from sweeptree.repository.commits import MAX_SNAPSHOT_FILE, commit_tree
from sweeptree.worktrees import changes
from sweeptree.worktrees.manager.exact import put_files, tree_with_files
from sweeptree.worktrees.registry import entry_of
from sweeptree.worktrees.saved_commits import named_commits, unreachable_tips
from sweeptree.worktrees.tree import discard

QUARANTINE = "refs/sweeptree/quarantine"
_EMPTY_FILE = "100644"
_GIT_NAMES = frozenset({".git", "git~1"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A job's changes as a commit. `left_out`: what it lacks, a sentence each."""

    commit: str
    left_out: tuple[str, ...] = ()


def quarantine_ref(sweep_id: str, job: int, attempt: int) -> str:
    """The ref of one attempt's changes, on the host and here. Raises UsageError."""
    sweep = check_sweep_id(sweep_id)
    return f"{QUARANTINE}/{sweep}/{job}/{attempt}"


# On the host


def keep_for_return(
    worktree: Worktree, ref: str, *, max_file: int = MAX_SNAPSHOT_FILE
) -> Kept | None:
    """Let `ref` lead to what the job in a worktree changed and made; None when that is nothing.

    `max_file`: the size in bytes beyond which a file is left out. The worktree stays as it is.
    Raises WorktreeGone, GitError.
    """
    top, base = worktree.top, worktree.base_commit
    found = changes(worktree)
    own = _own_commits(top, base)
    if not (found.tracked or found.made or own):
        return None

    left_out = _left_out(top, (*found.tracked, *found.made), max_file)
    tracked = [path for path in found.tracked if path not in left_out]
    made = [path for path in found.made if path not in left_out]
    commit = _two_commits(worktree, tracked, made, own)
    plumbing.run(top, *plumbing.DURABLE, "update-ref", ref, commit)

    sentences = [f"{path}: {why}" for path, why in left_out.items()]
    return Kept(commit, tuple(sentences))


def _two_commits(
    worktree: Worktree, tracked: Sequence[str], made: Sequence[str], own: Sequence[str]
) -> str:
    """The changed tracked files as a commit, and the made ones on top of it; returns the second."""
    top, base = worktree.top, worktree.base_commit
    with _scratch_index() as index:
        tree = tree_with_files(top, base, tracked, index)
        first = commit_tree(top, tree, (base,), "Changed tracked files")
        tree = tree_with_files(top, first, made, index)
        differ = set(_names(index, top, base, first))

    staged = [path for path in tracked if path not in differ]
    parents = (first, *own)
    return commit_tree(top, tree, parents, _message(staged))


def _own_commits(top: Path, base: str) -> list[str]:
    """The commits that the job made, without the ancestors of others among them."""
    entry = entry_of(top)
    if entry is None:
        return []
    named = [commit for commit in named_commits(entry) if commit != base]
    if not named:
        return []
    repo = find_repository(top)
    return unreachable_tips(repo, named, base)


def _left_out(top: Path, paths: Sequence[str], max_file: int) -> dict[str, str]:
    """The paths that a commit cannot hold, each with the reason."""
    found: dict[str, str] = {}
    for path in paths:
        reason = _unfit(top, path, max_file)
        if reason:
            found[path] = reason
    return found


def _unfit(top: Path, path: str, max_file: int) -> str:
    file = top / path
    if path.endswith("/") or (file / ".git").exists():
        return "a git repository of its own"
    if not _GIT_NAMES.isdisjoint(path.lower().split("/")):
        return "git keeps no file of such a name"
    if file.is_symlink() or not os.path.lexists(file):
        return ""
    return _unfit_file(file, max_file)


def _unfit_file(file: Path, max_file: int) -> str:
    size = file.lstat().st_size
    if size > max_file:
        return f"{size:,} bytes; the limit is {max_file:,}"
    return "" if os.access(file, os.R_OK) else "it cannot be read"


@contextlib.contextmanager
def _scratch_index() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sweeptree-index-") as folder:
        yield Path(folder, "index")


def _message(staged: Sequence[str]) -> str:
    """`staged`: what the job only staged: its files are as in the base, or gone again."""
    facts = json.dumps({"staged": staged})
    return f"Files that a job made\n\n{facts}"


def _names(index: Path, top: Path, old: str, new: str, *options: str) -> list[str]:
    """The paths that differ; the job's own index, which may be broken, is not read."""
    words = ("diff-tree", "-r", "-z", "--no-renames", "--name-only", *options)
    call = plumbing.Call(env={"GIT_INDEX_FILE": str(index)})
    answer = plumbing.run(top, *words, old, new, call=call)
    return plumbing.names(answer)


# Here


def fetch_commit(repo: Repository, site: Site, cache: str, ref: str) -> str:
    """Bring a quarantine ref from a host's repository to the same ref here; returns its commit.

    Its objects come as a pack that git itself keeps until the ref is made, so that no gc takes
    them. Raises PushError when the host cannot be read, or has no such ref.
    """
    remotes.fetch(repo.start, git_remote(site, cache), {ref: ref})
    commit = commit_of(repo.start, ref)
    if commit is None:
        raise GitError(
            f"{ref} came without its commit from {site.host.name}",
            hint="end the `git gc --prune=now` that runs in this repository",
        )
    return commit


def materialise(worktree: Worktree, commit: str) -> None:
    """Put what a job changed elsewhere into a clean worktree of the same base; HEAD stays.

    Raises Refused for a commit of another base, OSError.
    """
    top, base = worktree.top, worktree.base_commit
    first = commit_of(top, f"{commit}^1")
    if first is None or commit_of(top, f"{first}^1") != base:
        raise Refused(
            f"the commit {commit[:12]} does not hold a job's changes to {base[:12]}",
            hint=f"git log --graph --oneline {commit[:12]}",
        )
    with _scratch_index() as index:
        present = _names(index, top, base, commit, "--diff-filter=d")
        new = _names(index, top, base, first, "--diff-filter=A")

    for path in present:
        _clear_way(top, path)
    put_files(top, base, commit)
    staged = _staged(top, commit)
    if new or staged:
        _stage(top, first, staged)


def _clear_way(top: Path, path: str) -> None:
    """Take away links on the way to a file: the job had put a folder in the place of ours."""
    folder = ""
    for part in Path(path).parts[:-1]:
        folder = f"{folder}/{part}" if folder else part
        if (top / folder).is_symlink():
            discard(top, folder)


def _staged(top: Path, commit: str) -> list[str]:
    words = ("show", "-s", "--no-show-signature", "--format=%b")
    text = plumbing.text(top, *words, commit)
    try:
        facts = json.loads(text)
        return [str(path) for path in facts["staged"]]
    except (ValueError, KeyError, TypeError):
        return []


def _stage(top: Path, first: str, staged: Sequence[str]) -> None:
    """Let the worktree's index hold new tracked files, by which they are told from made ones."""
    tree = tree_id(top, first)
    plumbing.run(top, "read-tree", tree)
    empty = plumbing.text(top, "hash-object", "-t", "blob", "-w", "--stdin")
    entries = [f"{_EMPTY_FILE} {empty}\t{path}\0" for path in staged]
    text = "".join(entries)
    call = plumbing.Call(os.fsencode(text))
    plumbing.run(top, "update-index", "--add", "-z", "--index-info", call=call)
