"""Jobs that leave a mess: the next job finds exactly the files of the base, byte by byte."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from helpers import git

from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import Pool

F = "ecg/model.py"
KNOWN_COMMIT = "git rev-parse HEAD"
JOBS = {
    "edit tracked": f"echo x >> {F}",
    "edit, same size and time": f"cp -p {F} ../stamp; "
    f"printf X | dd of={F} conv=notrunc 2>&1; touch -r ../stamp {F}",
    "delete tracked": f"rm {F}",
    "chmod": f"chmod +x {F}",
    "chmod 600": f"chmod 600 {F}",
    "tracked becomes a link": f"rm {F}; ln -s /etc/passwd {F}",
    "tracked folder becomes a link": 'rm -r ecg; ln -s "$OUTSIDE" ecg',
    "tracked becomes a folder": f"rm {F}; mkdir {F}; echo a > {F}/a",
    "tracked folder becomes a file": "rm -r ecg; echo a > ecg",
    "hard link to tracked, written through": f"ln {F} other; echo x >> other",
    "untracked and ignored": "echo a > new; mkdir -p results; echo b > results/x",
    "empty folders": "mkdir -p e/m/p/t/y",
    "nested repository": "git init -q sub; cd sub; echo a>a; git add a; git commit -qm a",
    "read-only folder": "mkdir ro; echo a>ro/a; chmod 500 ro",
    "locked tracked folder": "echo a > ecg/new; chmod 000 ecg",
    "locked worktree": "rm train.py; echo a > b; chmod 500 .",
    "named pipe": "mkfifo pipe",
    "commit on detached HEAD": f"echo x >> {F}; git commit -qam x",
    "new branch and commit": f"git checkout -q -b br; echo x >> {F}; git commit -qam x",
    "half a revert and a bisect": f"echo x>>{F}; git commit -qam x; "
    "git revert --no-commit HEAD; git bisect start -q",
    "staged": "echo a>s; git add s",
    "skip-worktree bit": f"git update-index --skip-worktree {F}; echo x >> {F}",
    "assume-unchanged bit": f"git update-index --assume-unchanged {F}; echo x >> {F}",
    "sparse checkout": "git sparse-checkout set --no-cone /train.py",
    "info/exclude": 'echo hidden > "$(git rev-parse --git-path info/exclude)"; echo a > hidden',
    "config of the repository": "git config core.autocrlf true; "
    f"git config core.fileMode false; rm {F}",
    "index.lock left behind": 'touch "$(git rev-parse --git-dir)/index.lock"; rm train.py',
    "index destroyed": 'echo junk > "$(git rev-parse --git-dir)/index"; rm train.py',
    "HEAD destroyed": 'echo junk > "$(git rev-parse --git-dir)/HEAD"; rm train.py',
    "hook of the repository": 'h="$(git rev-parse --git-common-dir)/hooks"; mkdir -p "$h"; '
    "for n in post-checkout post-index-change reference-transaction; do "
    'printf "#!/bin/sh\\ntouch evil\\n" > "$h/$n"; chmod +x "$h/$n"; done; rm train.py',
    "link and copy replaced": "rm data env.secret; mkdir data; "
    "echo x > data/x; echo y > env.secret",
    "own worktree removed": 'git worktree remove --force "$PWD"',
    "own worktree pruned": 'rm -r "$(git rev-parse --git-dir)"',
    ".git replaced": "rm .git; git init -q; echo a > a",
    ".git touched": "touch .git",
    "everything deleted": "find . -mindepth 1 -delete",
    "own folder deleted": 'rm -rf "$PWD"',
}

# After these nothing can be put back: the worktree is made anew.
ANEW = {
    "own worktree removed",
    "own worktree pruned",
    ".git replaced",
    "everything deleted",
    "own folder deleted",
}


def tree(top: Path) -> dict[str, tuple[str, str]]:
    """Modes and contents of all files, and what git thinks of HEAD and index."""
    found = {}
    for path in sorted(top.rglob("*")):
        if path.relative_to(top).parts[0] in (".git", "data"):
            continue
        link = os.readlink(path) if path.is_symlink() else None
        text = link or (hashlib.sha1(path.read_bytes()).hexdigest() if path.is_file() else "folder")
        found[str(path.relative_to(top))] = (oct(path.lstat().st_mode), text)
    found["."] = (oct(top.lstat().st_mode), "")
    found["data"] = ("link", os.readlink(top / "data"))
    found["HEAD"] = (
        git("symbolic-ref", "-q", "HEAD", cwd=top, check=False),
        git("rev-parse", "HEAD", cwd=top),
    )
    found["index"] = ("", git("ls-files", "-s", "-v", cwd=top))
    found["status"] = ("", git("-c", "core.fileMode=true", "status", "--porcelain", cwd=top))
    return found


@pytest.mark.parametrize("name", JOBS)
def test_nothing_of_a_job_stays(repo: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "model.py").write_text("not ours\n")
    (repo / "data").mkdir()
    (repo / "data/x").write_text("1")
    (repo / "env.secret").write_text("s")
    (repo / ".worktreeinclude").write_text("*.secret\n")
    found = find_repository(repo)
    with Pool(found, resolve_base(found, "HEAD"), "exp", size=1) as pool:
        first = pool.acquire(0)
        want = tree(first.top)
        env = {**os.environ, "OUTSIDE": str(outside)}
        subprocess.run(
            ["sh", "-c", JOBS[name]], cwd=first.top, env=env, check=True, capture_output=True
        )
        pool.release(first, keep=False)
        again = pool.acquire(1)
        got = tree(again.top)
    assert got == want
    assert (again.top != first.top) == (name in ANEW)
    assert (outside / "model.py").read_text() == "not ours\n"
    assert (repo / "data/x").read_text() == "1"
