"""Which repository, which commit: found once per sweep, then passed round as values.

Hides: linked worktrees, bare and shallow repositories, and what git says when there is none to be
had.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused, UsageError
from sweeptree.model import Base, Worktree
from sweeptree.repository import plumbing

OURS = ".sweeptree"
_SPECIAL = re.compile(r"[\\*?\[\] ]")  # what gitignore does not read as itself
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_FACTS = ("--is-bare-repository", "--is-shallow-repository", "--is-inside-work-tree")
_PATHS = ("--git-common-dir", "--git-dir")
_ESCAPED = r"\\\g<0>"


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository, as seen from where the user stands.

    `top`: root of the main work tree (of a bare repository: the repository itself); `start`: root
    of the checkout the user stands in, which differs from `top` in a linked worktree; `subfolder`:
    where below it. `is_bare`: the user stands in a bare repository itself, so there is no checkout
    and `start` is `top`.
    """

    top: Path
    start: Path
    subfolder: Path
    common_dir: Path
    is_bare: bool
    is_shallow: bool

    def pool_dir(self, exp_name: str) -> Path:
        """Where the worktrees of a sweep are."""
        return self.wt_dir / exp_name

    @property
    def wt_dir(self) -> Path:
        """Where the worktrees of all sweeps are."""
        return self.top / OURS / "wt"

    @property
    def results_dir(self) -> Path:
        """Where the results of sweeps are, unless the user chooses another place.

        In the main work tree; where there is none (a bare repository with linked worktrees), in the
        checkout that the user started from.
        """
        home = self.start if self.top == self.common_dir else self.top
        return home / "results"


def find_repository(start: Path) -> Repository:
    """The repository that the folder `start` belongs to.

    Raises UsageError when there is none, Refused when git is missing or does not trust the folder.
    """
    folder = Path(start).expanduser()
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", hint="give a folder inside a git repository")
    folder = folder.resolve()
    seen = _look(folder)
    if seen.is_inside:
        checkout = Path(_ask(folder, "--show-toplevel")).resolve()
    elif seen.is_bare:
        checkout = folder = seen.common_dir
    else:
        raise UsageError(
            f"{folder} is inside git's own folder", hint="go to the work tree, where the code is"
        )
    return Repository(
        top=_main_tree(seen, checkout),
        start=checkout,
        subfolder=folder.relative_to(checkout),
        common_dir=seen.common_dir,
        is_bare=checkout == seen.common_dir,
        is_shallow=seen.is_shallow,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What git says of a folder; `is_inside`: it belongs to a work tree."""

    is_bare: bool
    is_shallow: bool
    is_inside: bool
    common_dir: Path
    git_dir: Path


def _look(folder: Path) -> _Seen:
    """Ask git once for all of it; for each path by itself where one holds a newline."""
    *facts, paths = _ask(folder, *_FACTS, *_PATHS).split("\n", len(_FACTS))
    folders = paths.split("\n")
    if len(folders) != len(_PATHS):
        folders = [_ask(folder, option) for option in _PATHS]
    bare, shallow, inside = (fact == "true" for fact in facts)
    common_dir, git_dir = (Path(path).resolve() for path in folders)
    return _Seen(bare, shallow, inside, common_dir, git_dir)


def _ask(folder: Path, *options: str) -> str:
    answer = plumbing.ask(folder, "rev-parse", "--path-format=absolute", *options)
    if not answer.code:
        return os.fsdecode(answer.out).removesuffix("\n")
    if "dubious ownership" in answer.err:
        raise Refused(
            f"git does not trust {folder}: it belongs to another user",
            hint=f"git config --global --add safe.directory {folder}",
        )
    if "not a git repository" in answer.err:
        raise UsageError(
            f"{folder} is not in a git repository",
            hint=(
                "go to the folder of your repository",
                "a new one: git init && git add . && git commit",
            ),
        )
    raise answer.error()


def _main_tree(seen: _Seen, checkout: Path) -> Path:
    """The main work tree of the repository that `checkout` belongs to; the bare repository if it
    has none."""
    common_dir = seen.common_dir
    if seen.git_dir == common_dir:
        return checkout
    if (
        plumbing.text(common_dir, f"--git-dir={common_dir}", "rev-parse", "--is-bare-repository")
        == "true"
    ):
        return common_dir
    if common_dir.name == ".git":
        return common_dir.parent
    named = plumbing.ask(common_dir, f"--git-dir={common_dir}", "config", "--get", "core.worktree")
    if not named.code:
        return (common_dir / os.fsdecode(named.out).removesuffix("\n")).resolve()
    return common_dir


def resolve_base(repo: Repository, ref: str) -> Base:
    """The commit that `ref` names where the user stands.

    Raises UsageError or Refused with the next command.
    """
    if "\0" in ref or "\n" in ref:
        raise UsageError(
            f"{ref!r} is not a name of a commit", hint="git log --oneline shows commits"
        )
    wanted = plumbing.ask(
        repo.start, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
    )
    if wanted.code:
        raise _no_commit(repo, ref)
    commit = wanted.out.decode().strip()
    subject = plumbing.text(repo.start, "show", "-s", "--no-show-signature", "--format=%s", commit)
    branch = plumbing.ask(repo.start, "symbolic-ref", "--quiet", "--short", "HEAD")
    return Base(commit, ref, subject, os.fsdecode(branch.out).strip() or None)


def _no_commit(repo: Repository, ref: str) -> Exception:
    if ref == "HEAD":
        return Refused(
            f"{repo.start} has no commit yet, so there is nothing to run the jobs at",
            hint="git add . && git commit -m 'first'",
        )
    hints = [
        "git branch --all and git tag show the names there are",
        "a name that only the remote knows: git fetch",
    ]
    if repo.is_shallow:
        hints.append("this clone is shallow, older commits are not in it: git fetch --unshallow")
    return UsageError(f"there is no commit named {ref!r} in {repo.start}", hint=hints)


def in_place(repo: Repository, base: Base) -> Worktree:
    """The user's own checkout as the place of a job.

    Raises Refused in a bare repository, which has none.
    """
    if repo.is_bare:
        raise Refused(
            f"{repo.start} is a bare repository: it has no files to run", hint="add --use_worktree"
        )
    return Worktree(repo.start, repo.start / repo.subfolder, base.commit, None)


def short_name(repo: Repository) -> str:
    """The name of the repository's folder, as a word that names of deployments can hold."""
    name = repo.top.name.removesuffix(".git")
    return _ODD.sub("-", name).strip("-.") or "repository"


def hide_from_git(repo: Repository) -> None:
    """Put `.sweeptree/` into the repository's info/exclude, once.

    The user's own files stay as they are.
    """
    if repo.top != repo.common_dir:
        _exclude(repo, OURS)


def hide_results(repo: Repository, sweep_folder: Path) -> None:
    """Keep results out of `git status`, `git add -A` and `git clean -fd`, by info/exclude.

    All results are hidden, or this sweep's alone where the user tracks files beside it.
    """
    home = repo.results_dir.parent
    if repo.is_bare or not sweep_folder.is_relative_to(home):
        return
    results, own = sweep_folder.parent.relative_to(home), sweep_folder.relative_to(home)
    hidden = own if results == Path() or _holds_tracked(home, results) else results
    _exclude(repo, hidden.as_posix())


def _holds_tracked(home: Path, folder: Path) -> bool:
    call = plumbing.Call(env={"GIT_LITERAL_PATHSPECS": "1"})
    return bool(plumbing.run(home, "ls-files", "-z", "--", str(folder), call=call))


def _exclude(repo: Repository, folder: str) -> None:
    """Add a folder below the root to info/exclude, once."""
    line = os.fsencode(f"/{_SPECIAL.sub(_ESCAPED, folder)}/")
    path = repo.common_dir / "info" / "exclude"
    if b"\n" in line or _has_line(path, line):  # gitignore cannot name a newline
        return
    with plumbing.worktrees_lock(repo.common_dir):
        if not _has_line(path, line):
            _append_line(path, line)


def _append_line(path: Path, line: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    old = path.read_bytes() if path.exists() else b""
    newline = b"\n" if old and not old.endswith(b"\n") else b""
    with path.open("ab") as stream:
        stream.write(newline + line + b"\n")


def _has_line(path: Path, line: bytes) -> bool:
    try:
        return line in path.read_bytes().splitlines()
    except FileNotFoundError:
        return False
