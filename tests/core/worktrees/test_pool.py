"""A sweep's worktrees: where they stand, what they hold, what is kept, what is removed."""

import multiprocessing
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import GitError, Refused, UsageError, WorktreeGone
from sweeptree.model import Worktree
from sweeptree.repository import find_repository, plumbing, resolve_base
from sweeptree.worktrees import Pool, repair

AWKWARD = ["with space", "ünïcode 心電図", "new\nline", "quote'\"", "-dash"]


def make_pool(start: Path, size: int = 1, **options: list[str]) -> Pool:
    found = find_repository(start)
    return Pool(found, resolve_base(found, "HEAD"), "exp", size=size, **options)


def sh(worktree: Worktree, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=worktree.top, check=True, capture_output=True)


def registered(repo: Path) -> list[str]:
    listing = git("worktree", "list", "--porcelain", "-z", cwd=repo).split("\0")
    return [line.removeprefix("worktree ") for line in listing if line.startswith("worktree ")]


def refs(repo: Path) -> list[str]:
    return git("for-each-ref", "--format=%(refname)", "refs/sweeptree", cwd=repo).split()


@pytest.mark.parametrize("name", AWKWARD)
def test_worktree_in_a_repository_with_an_awkward_name(repo: Path, name: str) -> None:
    place = repo.rename(repo.with_name(name))
    with make_pool(place) as pool:
        worktree = pool.acquire(0)
        assert worktree.top == place / ".sweeptree/wt/exp/slot_0"
        assert (worktree.top / "train.py").read_bytes() == (place / "train.py").read_bytes()
        assert pool.release(worktree, keep=True) == place / ".sweeptree/wt/exp/job_0"
    assert str(place / ".sweeptree/wt/exp/job_0") in registered(place)


def test_worktree_starts_in_the_users_subfolder(repo: Path) -> None:
    with make_pool(repo / "ecg") as pool:
        worktree = pool.acquire()
        assert worktree.path == worktree.top / "ecg"


def test_subfolder_outside_the_commit_is_refused(repo: Path) -> None:
    (repo / "new").mkdir()
    with pytest.raises(Refused, match="not in HEAD"), make_pool(repo / "new"):
        pass


def test_from_a_linked_worktree_they_stand_in_the_main_one(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "w", cwd=repo)
    with make_pool(tmp_path / "w") as pool:
        assert pool.acquire().top.is_relative_to(repo / ".sweeptree")


@pytest.mark.parametrize("kind", ["--bare", "--depth=1"])
def test_bare_and_shallow_repositories(repo: Path, tmp_path: Path, kind: str) -> None:
    git("clone", "-q", kind, repo.as_uri(), tmp_path / "c", cwd=tmp_path)
    with make_pool(tmp_path / "c") as pool:
        assert (pool.acquire().top / "train.py").exists()
    assert not (tmp_path / "c/.sweeptree").exists() or not list(
        (tmp_path / "c/.sweeptree").iterdir()
    )


def test_same_worktree_serves_job_after_job(repo: Path) -> None:
    with make_pool(repo) as pool:
        first = pool.acquire(0)
        pool.release(first, keep=False)
        assert pool.acquire(1) == first


def test_nothing_stays_after_the_sweep(repo: Path) -> None:
    with make_pool(repo, size=2) as pool:
        for worktree in [pool.acquire(0), pool.acquire(1)]:
            sh(worktree, "echo x >> train.py; mkdir ro; touch ro/a; chmod 500 ro")
            pool.release(worktree, keep=False)
    assert registered(repo) == [str(repo)]
    assert not (repo / ".sweeptree").exists()
    assert git("status", "--porcelain", cwd=repo) == ""


def test_exclude_has_our_line_once(repo: Path) -> None:
    (repo / ".git/info/exclude").write_text("mine")
    for _ in range(2):
        with make_pool(repo):
            pass
    assert (repo / ".git/info/exclude").read_text() == "mine\n/.sweeptree/\n"


def test_hooks_of_the_repository_do_not_run(repo: Path) -> None:
    hook = repo / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{repo}/HOOKED'\n")
    hook.chmod(0o755)
    with make_pool(repo) as pool:
        pool.acquire()
    assert not (repo / "HOOKED").exists()


def test_kept_worktree_is_findable_and_stays(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(7)
        sh(worktree, "echo work > made.txt")
        kept = pool.release(worktree, keep=True)
        assert pool.acquire(8).top != worktree.top
    assert kept == repo / ".sweeptree/wt/exp/job_7"
    assert (kept / "made.txt").read_text() == "work\n"
    assert registered(repo) == [str(repo), str(kept)]
    assert git("status", "--porcelain", cwd=kept) == "?? made.txt"


def test_kept_worktree_of_an_earlier_sweep_is_not_replaced(repo: Path) -> None:
    places = []
    for _ in range(2):
        with make_pool(repo) as pool:
            places.append(pool.release(pool.acquire(), keep=True, index=7))
    assert [place.name for place in places if place] == ["job_7", "job_7-2"]


@pytest.mark.parametrize(
    ("script", "made"),
    [
        ("echo x >> train.py; git commit -qam one; git commit -q --allow-empty -m two", 1),
        ("git commit -q --allow-empty -m one; git commit -q --allow-empty --amend -m two", 2),
        ("git checkout -q -b br; git commit -q --allow-empty -m one", 0),
        ("git commit -q --allow-empty -m one; git checkout -q --detach HEAD~1", 1),
        (
            'git commit -q --allow-empty -m one; git checkout -q main; rm "$(git rev-parse --git-dir)/logs/HEAD"',
            0,
        ),
        (
            "git checkout -q --orphan o; git commit -q -m root; git checkout -q --detach; git branch -D o",
            1,
        ),
    ],
)
def test_commits_of_a_job_get_a_ref(repo: Path, script: str, made: int) -> None:
    git("checkout", "-q", "-b", "other", cwd=repo)
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        sh(worktree, script)
        pool.release(worktree, keep=False)
    git("gc", "-q", "--prune=now", cwd=repo)
    assert len(refs(repo)) == made
    assert all(ref.startswith("refs/sweeptree/exp/job_3-") for ref in refs(repo))


def test_commits_are_kept_before_the_next_job_starts(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        sh(worktree, "git commit -q --allow-empty -m one")
        pool.release(worktree, keep=False)
        assert len(refs(repo)) == 1
        assert git("rev-parse", "HEAD", cwd=pool.acquire(4).top) == worktree.base_commit


def test_commits_survive_a_worktree_that_is_deleted(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        sh(worktree, 'git commit -q --allow-empty -m one; rm -rf "$PWD"')
        pool.release(worktree, keep=False)
        assert (pool.acquire(4).top / "train.py").exists()
    assert len(refs(repo)) == 1


def test_worktree_replaced_by_another_repository_is_put_aside(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(5)
        sh(worktree, "rm .git; git init -q; git add .; git commit -qm mine")
        pool.release(worktree, keep=False)
        pool.acquire(6)
    aside = repo / ".sweeptree/wt/exp/job_5"
    assert git("log", "--format=%s", cwd=aside) == "mine"
    assert registered(repo) == [str(repo)]


def test_foreign_worktree_cannot_be_released(repo: Path) -> None:
    with make_pool(repo) as pool, pytest.raises(WorktreeGone, match="not a worktree of this sweep"):
        pool.release(Worktree(repo, repo, "", 9), keep=False)


def test_second_pool_of_a_sweep_is_refused(repo: Path) -> None:
    with make_pool(repo), pytest.raises(Refused, match="another process"), make_pool(repo):
        pass


@pytest.mark.parametrize("name", ["../x", "", "-rf", "a.lock", "a/b", "a\n"])
def test_hostile_name_of_a_sweep_is_a_mistake(repo: Path, name: str) -> None:
    found = find_repository(repo)
    with pytest.raises(UsageError):
        Pool(found, resolve_base(found, "HEAD"), name, size=1)
    assert not (repo / ".sweeptree").exists()


def test_acquire_waits_for_room(repo: Path) -> None:
    with make_pool(repo) as pool:
        first = pool.acquire(0)
        with ThreadPoolExecutor(1) as threads:
            second = threads.submit(pool.acquire, 1)
            assert not second.done()
            pool.release(first, keep=False)
            assert second.result(60) == first


# --- what worktrees get beside the commit


def test_data_folder_is_linked_and_never_deleted(repo: Path) -> None:
    (repo / "data").mkdir()
    (repo / "data/x.csv").write_text("1")
    with make_pool(repo) as pool:
        worktree = pool.acquire()
        assert (worktree.top / "data").readlink() == repo / "data"
        pool.release(worktree, keep=False)
    assert (repo / "data/x.csv").read_text() == "1"


def test_committed_data_folder_is_not_linked(repo: Path) -> None:
    (repo / "data").mkdir()
    (repo / "data/x.csv").write_text("1")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "data", cwd=repo)
    with make_pool(repo) as pool:
        assert not (pool.acquire().top / "data").is_symlink()


def test_chosen_folders_are_linked(repo: Path) -> None:
    (repo / "big/raw").mkdir(parents=True)
    with make_pool(repo, links=["big/raw"]) as pool:
        assert (pool.acquire().top / "big/raw").readlink() == repo / "big/raw"


@pytest.mark.parametrize("link", ["../x", "/etc", "", ".git/hooks", ".sweeptree"])
def test_link_that_leads_outside_is_a_mistake(repo: Path, link: str) -> None:
    with pytest.raises(UsageError, match="cannot be linked"), make_pool(repo, links=[link]):
        pass


@pytest.mark.parametrize(("link", "why"), [("gone", "does not exist"), ("ecg", "is in the commit")])
def test_link_that_cannot_be_is_refused(repo: Path, link: str, why: str) -> None:
    with pytest.raises(Refused, match=why), make_pool(repo, links=[link]):
        pass


def test_included_files_are_copied_as_they_were_at_the_start(repo: Path) -> None:
    (repo / ".worktreeinclude").write_text("*.secret\n!no.secret\nconf/\n")
    for name in ("a.secret", "no.secret", "conf/l\nö.yaml", "other.txt"):
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text("old")
    with make_pool(repo) as pool:
        (repo / "a.secret").write_text("new")
        top = pool.acquire().top
        assert (top / "a.secret").read_text() == (top / "conf/l\nö.yaml").read_text() == "old"
        assert not (top / "no.secret").exists()
        assert not (top / "other.txt").exists()


def test_included_links_are_not_followed(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("far away")
    (repo / "away.secret").symlink_to(tmp_path / "secret.txt")
    (repo / "folder.secret").symlink_to(tmp_path)
    (repo / ".worktreeinclude").write_text("*.secret\n")
    with make_pool(repo) as pool:
        worktree = pool.acquire()
        assert (worktree.top / "away.secret").is_symlink()
        assert (worktree.top / "folder.secret").is_symlink()
        pool.release(worktree, keep=False)
    assert (tmp_path / "secret.txt").read_text() == "far away"


# --- after a crash


def half_made(repo: Path, name: str, head: str = "0" * 40) -> Path:
    """What kill -9 leaves of `git worktree add`: an entry locked as initializing, a few files."""
    checkout, entry = repo / ".sweeptree/wt/old" / name, repo / ".git/worktrees" / name
    checkout.mkdir(parents=True)
    entry.mkdir(parents=True)
    (checkout / ".git").write_text(f"gitdir: {entry}\n")
    (checkout / "train.py").write_text("half")
    (entry / "gitdir").write_text(f"{checkout}/.git\n")
    (entry / "commondir").write_text("../..\n")
    (entry / "HEAD").write_text(f"{head}\n")
    (entry / "locked").write_text("initializing")
    return checkout


@pytest.mark.parametrize("missing", ["", "HEAD", "commondir", "checkout"])
def test_half_made_worktree_is_removed(repo: Path, missing: str) -> None:
    checkout = half_made(repo, "slot_0")
    if missing == "checkout":
        subprocess.run(["rm", "-r", str(checkout)], check=True)
    elif missing:
        (repo / ".git/worktrees/slot_0" / missing).unlink()
    assert "half-made worktree" in repair(find_repository(repo))[0]
    assert not checkout.exists()
    assert registered(repo) == [str(repo)]
    assert repair(find_repository(repo)) == []


def test_pool_repairs_when_it_starts(repo: Path) -> None:
    half_made(repo, "slot_0")
    with make_pool(repo) as pool:
        assert registered(repo) == [str(repo)]
        assert (pool.acquire().top / "train.py").exists()


def test_repair_forgets_a_deleted_folder_but_keeps_its_commits(repo: Path) -> None:
    gone = repo / ".sweeptree/wt/old/job_1"
    git("worktree", "add", "-q", "--detach", gone, cwd=repo)
    git("commit", "-q", "--allow-empty", "-m", "work", cwd=gone)
    subprocess.run(["rm", "-r", str(gone)], check=True)
    assert "whose folder is gone" in repair(find_repository(repo))[0]
    assert len(refs(repo)) == 1


def test_repair_leaves_others_and_work_alone(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "theirs", cwd=repo)
    subprocess.run(["rm", "-r", str(tmp_path / "theirs")], check=True)
    mine = half_made(repo, "job_1")
    (repo / ".git/worktrees/job_1/locked").unlink()
    assert "left" in repair(find_repository(repo))[0]
    assert (mine / "train.py").exists()
    assert (repo / ".git/worktrees/theirs").exists()


def test_interrupted_rename_is_ended(repo: Path) -> None:
    old = repo / ".sweeptree/wt/old/slot_0"
    git("worktree", "add", "-q", "--detach", old, cwd=repo)
    (repo / ".git/worktrees/slot_0/locked").write_text("sweeptree is moving this worktree")
    (repo / ".git/worktrees/slot_0/gitdir").write_text(f"{old.with_name('job_1')}/.git\n")
    repair(find_repository(repo))
    assert registered(repo) == [str(repo), str(old)]


def die_with_a_worktree(repo: Path, script: str) -> None:
    pool = make_pool(repo)
    pool.open()
    worktree = pool.acquire(4)
    sh(worktree, script)
    os.kill(os.getpid(), signal.SIGKILL)


def crash(repo: Path, script: str) -> Path:
    """A sweep whose process is killed while job 4 has a worktree; returns the worktree."""
    child = multiprocessing.get_context("fork").Process(
        target=die_with_a_worktree, args=(repo, script)
    )
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    return repo / ".sweeptree/wt/exp/slot_0"


def test_worktree_of_a_killed_sweep_is_adopted_by_job(repo: Path) -> None:
    left = crash(repo, "echo work > made.txt")
    with make_pool(repo) as pool:
        assert pool.adopt(3) is None
        worktree = pool.adopt(4)
        assert worktree is not None
        assert (worktree.top / "made.txt").exists()
        assert pool.acquire(5).top != left
        assert pool.release(worktree, keep=True) == left.with_name("job_4")


def test_work_of_a_killed_sweep_is_kept(repo: Path) -> None:
    left = crash(repo, "echo work > made.txt")
    with make_pool(repo):
        pass
    assert not left.exists()
    assert (left.with_name("job_4") / "made.txt").read_text() == "work\n"


@pytest.mark.parametrize("script", ["true", "mkdir results; echo x > results/a"])
def test_empty_worktree_of_a_killed_sweep_is_removed(repo: Path, script: str) -> None:
    crash(repo, script)
    with make_pool(repo):
        pass
    assert registered(repo) == [str(repo)]


def test_worktree_with_a_running_job_is_left_alone(repo: Path) -> None:
    left = crash(repo, "true")
    job = subprocess.Popen(["sleep", "60"], cwd=left)
    try:
        with make_pool(repo) as pool:
            pool.acquire(5)
        assert left.exists()
    finally:
        job.kill()
        job.wait()


# --- beside others


def foreign_git(repo: Path, tmp_path: Path, stop: threading.Event) -> None:
    """Somebody who adds and removes worktrees and collects garbage all the time."""
    count = 0
    while not stop.is_set():
        place = tmp_path / f"foreign_{count}"
        git("worktree", "add", "-q", "--detach", place, cwd=repo, check=False)
        git("worktree", "remove", "--force", place, cwd=repo, check=False)
        if count % 4 == 0:
            git("gc", "-q", "--prune=now", cwd=repo, check=False)
            git("worktree", "prune", "--expire=now", cwd=repo, check=False)
        count += 1


def each_job(pool: Pool, errors: list[str]) -> Callable[[int], None]:
    def one(index: int) -> None:
        worktree = pool.acquire(index)
        if git("status", "--porcelain", cwd=worktree.top):
            errors.append(f"job {index} found a mess")
        (worktree.top / "train.py").write_text(str(index))
        (worktree.top / f"new_{index}").write_text("")
        pool.release(worktree, keep=index % 10 == 0)

    return one


def test_no_job_is_lost_beside_foreign_worktrees_and_gc(repo: Path, tmp_path: Path) -> None:
    stop, errors = threading.Event(), list[str]()
    noise = threading.Thread(target=foreign_git, args=(repo, tmp_path, stop))
    noise.start()
    try:
        with make_pool(repo, size=4) as pool, ThreadPoolExecutor(4) as drivers:
            list(drivers.map(each_job(pool, errors), range(40)))
    finally:
        stop.set()
        noise.join()
    assert errors == []
    kept = [repo / f".sweeptree/wt/exp/job_{index}" for index in (0, 10, 20, 30)]
    assert [path.name for path in kept if f"new_{path.name[4:]}" in os.listdir(path)] == [
        p.name for p in kept
    ]


def test_worktrees_are_added_under_the_lock_of_the_repository(repo: Path) -> None:
    with make_pool(repo) as pool, ThreadPoolExecutor(1) as threads:
        with plumbing.worktrees_lock(repo / ".git"):
            waiting = threads.submit(pool.acquire)
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
            assert not (repo / ".git/worktrees").exists()
        assert (waiting.result(60).top / "train.py").exists()


def poison(repo: Path) -> Path:
    """A sibling entry that somebody's `git worktree add` has only half written: every other add
    fails on it."""
    entry = repo / ".git/worktrees/theirs"
    entry.mkdir(parents=True)
    (entry / "gitdir").write_text("/nowhere/.git\n")
    (entry / "HEAD").write_text("ref: refs/heads/main\n")
    (entry / "commondir").touch()
    return entry


def test_lost_race_is_run_again(repo: Path) -> None:
    entry = poison(repo)
    with make_pool(repo) as pool:
        timer = threading.Timer(0.05, (entry / "commondir").write_text, ["../..\n"])
        timer.start()
        assert (pool.acquire().top / "train.py").exists()
        timer.join()


def test_lost_race_without_end_is_an_error_that_leaves_nothing(repo: Path) -> None:
    poison(repo)
    with make_pool(repo) as pool, pytest.raises(GitError, match="commondir") as caught:
        pool.acquire()
    assert "git worktree prune" in caught.value.hint[0]
    assert not (repo / ".sweeptree").exists()


def test_link_in_place_of_our_folder_is_refused(repo: Path, tmp_path: Path) -> None:
    (repo / ".sweeptree").symlink_to(tmp_path)
    with pytest.raises(Refused, match="is a link"), make_pool(repo):
        pass
    assert not (tmp_path / "wt").exists()
