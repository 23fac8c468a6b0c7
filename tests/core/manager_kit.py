"""Worktrees full of work, and whether every byte of it can still be reached."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from helpers import git

from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import Made, Order, create
from sweeptree.worktrees.tree import picture

Work = Callable[[Path], list[str]]


def make(repo: Path, name: str = "plots", **options: object) -> Path:
    """A named worktree without a lease and without ports; its top."""
    return Path(make_all(repo, name, **options).path)


def make_all(repo: Path, name: str = "plots", **options: object) -> Made:
    order = Order(name, **{"ports": False, **options})  # type: ignore[arg-type]
    ports = repo.parent / "ports"
    return create(find_repository(repo), order, environment=os.environ, ports_folder=ports)


def modified(top: Path) -> list[str]:
    (top / "train.py").write_text("modified-bytes\r\n")
    return ["modified-bytes\r\n"]


def staged(top: Path) -> list[str]:
    (top / "train.py").write_text("staged-bytes\n")
    git("add", "train.py", cwd=top)
    (top / "train.py").write_text("on-top-of-staged\n")
    return ["staged-bytes", "on-top-of-staged"]


def untracked(top: Path) -> list[str]:
    (top / "new\nline").mkdir()
    (top / "new\nline" / 'a "b"\t.py').write_text("untracked-bytes\n")
    (top / "link").symlink_to("where-the-link-leads")
    (top / "run.sh").write_text("executable-bytes\n")
    (top / "run.sh").chmod(0o755)
    return ["untracked-bytes", "where-the-link-leads", "executable-bytes"]


def ignored(top: Path) -> list[str]:
    (top / "results/run").mkdir(parents=True)
    (top / "results/run/model.pt").write_text("ignored-bytes")
    (top / "key.secret").write_text("ignored-key")
    return ["ignored-bytes", "ignored-key"]


def unpushed(top: Path) -> list[str]:
    (top / "train.py").write_text("unpushed-bytes\n")
    git("commit", "-qam", "unpushed-subject", cwd=top)
    return ["unpushed-bytes", "unpushed-subject"]


def detached(top: Path) -> list[str]:
    git("checkout", "-q", "--detach", cwd=top)
    (top / "train.py").write_text("detached-bytes\n")
    git("commit", "-qam", "detached-subject", cwd=top)
    git("commit", "-q", "--amend", "-m", "amended-subject", cwd=top)
    return ["detached-bytes", "detached-subject", "amended-subject"]


def stash(top: Path) -> list[str]:
    (top / "train.py").write_text("stashed-bytes\n")
    git("stash", "-q", cwd=top)
    return ["stashed-bytes"]


def nested(top: Path) -> list[str]:
    for folder in (top / "inner", top / "results/deep/inner"):
        folder.mkdir(parents=True)
        git("init", "-q", cwd=folder)
        (folder / "n.py").write_text("nested-committed\n")
        git("add", ".", cwd=folder)
        git("commit", "-qm", "nested-subject", cwd=folder)
        (folder / "n.py").write_text("nested-stashed\n")
        git("stash", "-q", cwd=folder)
        (folder / "n.py").write_text("nested-dirty\n")
    return ["nested-committed", "nested-subject", "nested-stashed", "nested-dirty"]


def submodule(top: Path) -> list[str]:
    source = top.parents[4] / "library"
    source.mkdir()
    git("init", "-q", cwd=source)
    (source / "lib.py").write_text("lib\n")
    git("add", ".", cwd=source)
    git("commit", "-qm", "lib", cwd=source)
    allow = ("-c", "protocol.file.allow=always")
    git(*allow, "submodule", "--quiet", "add", str(source), "libs/lib", cwd=top)
    git("commit", "-qm", "with a submodule", cwd=top)
    inside = top / "libs/lib"
    (inside / "lib.py").write_text("submodule-committed\n")
    git("commit", "-qam", "submodule-subject", cwd=inside)
    (inside / "lib.py").write_text("submodule-dirty\n")
    return ["submodule-committed", "submodule-subject", "submodule-dirty"]


def conflict(top: Path) -> list[str]:
    (top / "train.py").write_text("ours-bytes\n")
    git("commit", "-qam", "ours", cwd=top)
    git("checkout", "-q", "--detach", "HEAD^", cwd=top)
    (top / "train.py").write_text("theirs-bytes\n")
    git("commit", "-qam", "theirs-subject", cwd=top)
    git("merge", "-q", "sweeptree/worktree/plots", cwd=top, check=False)
    (top / "ecg/model.py").write_text("staged-in-a-merge\n")
    git("add", "ecg/model.py", cwd=top)
    (top / "ecg/model.py").write_text("after-it\n")
    return ["ours-bytes", "theirs-bytes", "theirs-subject", "staged-in-a-merge", "after-it"]


def hidden(top: Path) -> list[str]:
    git("update-index", "--assume-unchanged", "train.py", cwd=top)
    git("update-index", "--skip-worktree", "ecg/model.py", cwd=top)
    (top / "train.py").write_text("behind-assume-unchanged\n")
    (top / "ecg/model.py").write_text("behind-skip-worktree\n")
    return ["behind-assume-unchanged", "behind-skip-worktree"]


def replaced(top: Path) -> list[str]:
    (top / "train.py").unlink()
    (top / "train.py").mkdir()
    (top / "train.py/now").write_text("file-became-folder\n")
    (top / "ecg/model.py").unlink()
    return ["file-became-folder"]


def large(top: Path) -> list[str]:
    with (top / "large.bin").open("wb") as out:
        out.write(b"start-of-600-MB")
        out.truncate(600 * 1024 * 1024)
    return ["start-of-600-MB"]


WORK: dict[str, Work] = {
    "modified": modified,
    "staged": staged,
    "untracked": untracked,
    "ignored": ignored,
    "unpushed": unpushed,
    "detached": detached,
    "stash": stash,
    "nested": nested,
    "submodule": submodule,
    "conflict": conflict,
    "hidden": hidden,
    "replaced": replaced,
}


def everything(top: Path) -> list[str]:
    """Several kinds of work at once."""
    return [*detached(top), *staged(top), *ignored(top), *nested(top)]


def unreachable(repo: Path, markers: list[str]) -> list[str]:
    """The markers that no file and no git object holds, after git has dropped what no ref leads
    to."""
    data = b"\0".join(_everything_in(repo))
    return [marker for marker in markers if marker.encode() not in data]


def _everything_in(repo: Path) -> Iterator[bytes]:
    for path in repo.rglob("*"):
        if path.is_symlink():
            yield bytes(path.readlink())
        elif path.is_file() and "objects" not in path.parts:
            with path.open("rb") as stream:
                yield stream.read(1 << 20)
        elif path.is_dir() and (path / "objects").is_dir() and (path / "refs").is_dir():
            yield _objects(path)


def _objects(git_dir: Path) -> bytes:
    at = (f"--git-dir={git_dir}", f"--work-tree={git_dir}")  # its own work tree may be away
    # The tests' commits have a fixed date, by which their history would be old enough to expire.
    never = ("-c", "gc.reflogExpire=never", "-c", "gc.reflogExpireUnreachable=never")
    git(*at, *never, "gc", "-q", "--prune=now", cwd=git_dir)
    words = ["git", *at, "cat-file", "--batch", "--batch-all-objects"]
    return subprocess.run(words, cwd=git_dir, capture_output=True, check=True).stdout


def looks(top: Path) -> dict[str, object]:
    """All that a person sees of a worktree: its files, and what git says about it."""
    files = {
        path: (mark[0], (top / path).read_bytes()[:4096] if not (top / path).is_symlink() else b"")
        for path, mark in picture(top).files.items()
        if ".git" not in Path(path).parts
    }
    asked = (
        ("status", "--porcelain=v2", "--branch", "--ignored", "--no-renames"),
        ("diff", "--cached"),
        ("diff",),
        ("ls-files", "-v", "-s"),
        ("reflog", "--format=%H"),
    )
    return {"files": files, **{" ".join(each): git(*each, cwd=top) for each in asked}}
