"""A job's changes from a host: here they are what they were there."""

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import git
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.hosts.host_kit import make_site
from core.worktree_kit import make_pool, sh
from sweeptree.errors import GitError, PushError, Refused, UsageError
from sweeptree.hosts.back.commits import (
    Kept,
    fetch_commit,
    keep_for_return,
    materialise,
    quarantine_ref,
)
from sweeptree.hosts.code.commits import send_commit
from sweeptree.hosts.remote import Site
from sweeptree.model import Base, Worktree
from sweeptree.repository import Repository, find_repository
from sweeptree.repository.commits import is_whole
from sweeptree.worktrees import Pool, changes, commit_changes

numbers = itertools.count()
REF = quarantine_ref("exp-0a1b2c3d-4e5f6a7b", 3, 1)
SCRIPTS = [
    "echo x >> train.py",
    "rm train.py",
    "chmod +x train.py",
    "echo x > new.py; git add new.py",
    "echo x > new.py; git add new.py; git commit -qm x; echo y > other",
    "mkdir results; echo x > results/a; echo y > b; chmod +x b",
    "git update-index --skip-worktree train.py; echo x >> train.py",
    "git checkout -q -b br; echo x >> ecg/model.py",
    "echo x > \"$(printf 'a\\nb')\"; echo x > 'ü \"q\"'; echo y > \"$(printf 'b\\377\\\\')\"",
    "rm -r ecg; ln -s /etc ecg",
    "rm train.py; mkdir train.py; echo x > train.py/x; git add -A",
    "rm train.py; mkdir train.py; echo x > train.py/x",
    "git rm -q --cached train.py",
    "echo x > n; git add n; rm n",
    "echo x >> train.py; git add train.py; git show HEAD:train.py > train.py",
    "printf '\\0\\r\\n\\377' > b.bin; printf 'a\\r\\n' > c.txt",
    "echo '* text=auto' > .gitattributes; printf 'a\\r\\n' > train.py",
    "rm -f data; mkdir data; echo x > data/new.npz",
    "rm -f data; ln -s /elsewhere data",
    "echo edited > a.secret",
    "ln -s train.py link; ln -s ../nowhere broken; mkfifo pipe; mkdir empty",
    'echo broken > "$(git rev-parse --git-dir)/index"; echo x >> train.py',
]


@dataclass
class Both:
    """The same base here and on a host."""

    repo: Repository
    site: Site
    cache: str
    there: Pool
    here: Pool


@contextmanager
def both_sides(start: Path, folder: Path) -> Iterator[Both]:
    (start / "data").mkdir()
    (start / ".worktreeinclude").write_text("*.secret\n")
    (start / "a.secret").write_text("s")
    repo, site = find_repository(start), make_site(folder)
    commit = git("rev-parse", "HEAD", cwd=start)
    sent = send_commit(repo, commit, site)
    cache = find_repository(Path(sent.cache))
    base = Base(commit, "HEAD", "", None)
    with Pool(cache, base, "exp", size=1) as there, make_pool(start) as here:
        yield Both(repo, site, sent.cache, there, here)


@pytest.fixture
def both(repo: Path, tmp_path: Path) -> Iterator[Both]:
    with both_sides(repo, tmp_path / "far") as sides:
        yield sides


def bring(both: Both, worktree: Worktree) -> Worktree:
    assert keep_for_return(worktree, REF) is not None
    back = both.here.acquire(3)
    materialise(back, fetch_commit(both.repo, both.site, both.cache, REF))
    return back


def state(worktree: Worktree) -> dict[str, tuple]:
    """Each changed file: its mode for git, and what it holds."""
    found = changes(worktree)
    return {path: facts(worktree.top / path) for path in (*found.tracked, *found.made)}


def facts(file: Path) -> tuple:
    if file.is_symlink():
        return ("link", os.readlink(file))
    if not file.is_file():
        return ("gone",)
    return (os.access(file, os.X_OK), file.read_bytes())


def committed_tree(worktree: Worktree) -> str:
    found = changes(worktree)
    wanted = [path for path in found.made if not path.endswith("/")]
    if not (found.tracked or wanted):
        return ""
    branch = f"work-{next(numbers)}"
    try:
        made = commit_changes(worktree, branch=branch, message="x", paths=wanted)
    except GitError as error:  # as for a tracked file behind a link
        return error.stderr
    return git("rev-parse", f"{made.commit}^{{tree}}", cwd=worktree.top)


def assert_alike(there: Worktree, here: Worktree) -> None:
    before, after = changes(there), changes(here)
    assert (after.tracked, after.made) == (before.tracked, before.made)
    assert state(here) == state(there)
    assert committed_tree(here) == committed_tree(there)


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_changed_there_has_changed_here(both: Both, script: str) -> None:
    worktree = both.there.acquire(3)
    sh(worktree, script)
    head = git("rev-parse", "HEAD", cwd=both.repo.top)
    back = bring(both, worktree)
    assert_alike(worktree, back)
    assert git("rev-parse", "HEAD", cwd=back.top) == head


PARTS = st.sampled_from(
    ["a", "ü", "sp ace", "-x", "q\"'", "new\nline", "b\\", "*", "train.py", "ecg"]
)
PATHS = st.lists(PARTS, min_size=1, max_size=2).map("/".join)
KINDS = st.sampled_from(["write", "run", "link", "delete", "add", "commit"])
STEPS = st.lists(st.tuples(KINDS, PATHS, st.binary(max_size=20)), max_size=8)


def take_step(top: Path, kind: str, path: str, data: bytes) -> None:
    file = top / path
    if kind in ("add", "commit"):
        words = ["add", "-f", "--", path] if kind == "add" else ["commit", "-qm", "x"]
        env = {**os.environ, "GIT_LITERAL_PATHSPECS": "1"}
        subprocess.run(["git", *words], cwd=top, capture_output=True, env=env)
        return
    subprocess.run(["rm", "-rf", "--", file])
    if kind == "delete":
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if kind == "link":
            file.symlink_to(data.hex() or "train.py")
        else:
            file.write_bytes(data)
            file.chmod(0o755 if kind == "run" else 0o644)
    except (FileExistsError, NotADirectoryError):
        return


@contextmanager
def taken(pool: Pool) -> Iterator[Worktree]:
    worktree = pool.acquire(3)
    try:
        yield worktree
    finally:
        pool.release(worktree, keep=False)


@pytest.mark.slow
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_whatever_a_job_does_it_is_the_same_here(
    both: Both, steps: list[tuple[str, str, bytes]]
) -> None:
    with taken(both.there) as there, taken(both.here) as here:
        for step in steps:
            take_step(there.top, *step)
        if keep_for_return(there, REF) is None:
            assert changes(there).tracked == changes(there).made == ()
            return
        materialise(here, fetch_commit(both.repo, both.site, both.cache, REF))
        assert_alike(there, here)


def test_nothing_changed_makes_no_ref(both: Both) -> None:
    worktree = both.there.acquire(3)
    assert keep_for_return(worktree, REF) is None
    assert not git("for-each-ref", "refs/sweeptree/quarantine", cwd=Path(both.cache))


def test_no_branch_is_made_and_all_of_it_comes(both: Both) -> None:
    branches = git("for-each-ref", "refs/heads", cwd=both.repo.top)
    worktree = both.there.acquire(3)
    sh(
        worktree,
        "echo x > new.py; git add new.py; git commit -qm 'my own'; git reset -q --hard HEAD^",
    )
    back = bring(both, worktree)
    assert git("for-each-ref", "refs/heads", cwd=both.repo.top) == branches
    assert "my own" in git("log", "--format=%s", REF, cwd=both.repo.top)
    commit = git("rev-parse", REF, cwd=both.repo.top)
    assert is_whole(both.repo.top, commit, back.base_commit)


def test_what_came_outlives_a_gc(both: Both) -> None:
    worktree = both.there.acquire(3)
    sh(worktree, "echo x > made.txt")
    bring(both, worktree)
    git("gc", "-q", "--prune=now", cwd=both.repo.top)
    assert git("show", f"{REF}:made.txt", cwd=both.repo.top) == "x"
    assert not list(both.repo.common_dir.glob("objects/pack/*.keep"))


@contextmanager
def collecting(top: Path) -> Iterator[None]:
    loop = ["sh", "-c", "while :; do git gc -q --prune=now; done"]
    process = subprocess.Popen(loop, cwd=top, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_gc_beside_takes_nothing_of_it(both: Both) -> None:
    worktree = both.there.acquire(3)
    with collecting(both.repo.top):
        for number in range(5):
            sh(worktree, f"echo {number} > made.txt")
            keep_for_return(worktree, REF)
            commit = fetch_commit(both.repo, both.site, both.cache, REF)
            assert is_whole(both.repo.top, commit, worktree.base_commit)
    assert git("show", f"{REF}:made.txt", cwd=both.repo.top) == "4"


def test_a_later_attempt_of_the_same_number_replaces_the_first(both: Both) -> None:
    worktree = both.there.acquire(3)
    sh(worktree, "echo x > made.txt")
    keep_for_return(worktree, REF)
    first = fetch_commit(both.repo, both.site, both.cache, REF)
    sh(worktree, "echo y > made.txt")
    keep_for_return(worktree, REF)
    assert fetch_commit(both.repo, both.site, both.cache, REF) != first


def test_large_files_and_repositories_are_left_out_and_named(both: Both) -> None:
    worktree = both.there.acquire(3)
    sh(worktree, "echo 123456789 > big; echo x > small; git init -q inner; echo x > inner/x")
    kept = keep_for_return(worktree, REF, max_file=5)
    assert isinstance(kept, Kept)
    assert kept.left_out == (
        "big: 10 bytes; the limit is 5",
        "inner/: a git repository of its own",
    )
    assert git("diff", "--name-only", "HEAD", kept.commit, cwd=worktree.top) == "small"


def test_the_worktree_on_the_host_stays_as_it_is(both: Both) -> None:
    worktree = both.there.acquire(3)
    sh(worktree, "echo x > new.py; git add new.py; echo y > made")
    before = git("status", "--porcelain", cwd=worktree.top)
    keep_for_return(worktree, REF)
    assert git("status", "--porcelain", cwd=worktree.top) == before


def test_a_ref_that_the_host_lacks_is_an_error(both: Both) -> None:
    with pytest.raises(PushError, match="gpu2"):
        fetch_commit(both.repo, both.site, both.cache, quarantine_ref("other", 0, 1))


def test_another_commit_is_not_put_into_a_worktree(both: Both) -> None:
    worktree = both.here.acquire(3)
    with pytest.raises(Refused, match="does not hold a job's changes"):
        materialise(worktree, worktree.base_commit)


def test_a_sweep_id_cannot_lead_to_another_ref() -> None:
    with pytest.raises(UsageError):
        quarantine_ref("../heads", 0, 1)
