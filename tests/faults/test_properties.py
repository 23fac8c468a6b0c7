"""Any order of steps and faults: worktrees against a set, records against a dict, each with kills
at fixed points."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from fault_kit import check_history, check_job
from helpers import git
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sweeptree.errors import RecordError, SweeptreeError
from sweeptree.model import Attempt, JobState, Worktree
from sweeptree.records import SweepPaths, SweepStore, last_attempts, read_ledger, read_record
from sweeptree.repository import find_repository, plumbing, resolve_base
from sweeptree.worktrees import Pool, registry, saved_commits, slot

FINAL = [state for state in JobState if state.is_final]
PLAIN = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)


def killed(action: Callable[[], object], owner: Any, name: str, *, after: bool) -> None:
    """Do this in a fork of ours, which dies by SIGKILL before or after the first call of that
    function."""
    pid = os.fork()
    if pid == 0:
        real: Callable[..., Any] = getattr(owner, name)

        def last(*args: Any, **options: Any) -> Any:
            if after:
                real(*args, **options)
            os.kill(os.getpid(), signal.SIGKILL)

        try:
            setattr(owner, name, last)
            action()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


class Worktrees(RuleBasedStateMachine):
    """A pool: `held` are the worktrees that are out, with what their job has written."""

    @initialize()
    def make(self) -> None:
        self.top = Path(tempfile.mkdtemp())
        self.repo = self.top / "repo"
        self.repo.mkdir()
        (self.repo / "a").write_text("1\n")
        git("init", "-q", "-b", "main", cwd=self.repo)
        git("add", ".", cwd=self.repo)
        git("commit", "-qm", "first", cwd=self.repo)
        self.found = find_repository(self.repo)
        self.base = resolve_base(self.found, "HEAD")
        self.work: list[Path] = []
        self.commits: list[str] = []
        self.open()

    def open(self) -> None:
        self.held: list[Worktree] = []
        self.pool = Pool(self.found, self.base, "exp", size=3)
        self.pool.open()

    @precondition(lambda self: len(self.held) < 3)
    @rule(job=st.integers(0, 5))
    def acquire(self, job: int) -> None:
        worktree = self.pool.acquire(job)
        assert {path.name for path in worktree.top.iterdir()} == {".git", "a"}
        assert (worktree.top / "a").read_text() == "1\n"
        self.held.append(worktree)

    @precondition(lambda self: self.held)
    @rule(
        what=st.sampled_from(
            [
                "echo 2 > a",
                "rm a",
                "echo x > new",
                "mkdir d; chmod 0 d",
                "ln -s / link",
                "git rm -q a",
            ]
        )
    )
    def job_writes(self, what: str) -> None:
        subprocess.run(["sh", "-c", what], cwd=self.held[-1].top, capture_output=True)

    @precondition(lambda self: self.held)
    @rule()
    def job_commits(self) -> None:
        git("commit", "-qam", "work", "--allow-empty", cwd=self.held[-1].top, check=False)
        head = git("rev-parse", "HEAD", cwd=self.held[-1].top, check=False)
        if head and head != self.base.commit:
            self.commits.append(head)

    @precondition(lambda self: self.held)
    @rule(keep=st.booleans())
    def release(self, keep: bool) -> None:
        worktree = self.held.pop(0)
        kept = self.pool.release(worktree, keep=keep)
        assert (kept is not None) == keep

    @precondition(lambda self: self.held)
    @rule()
    def somebody_deletes_one(self) -> None:
        worktree = self.held.pop()
        head = git("rev-parse", "HEAD", cwd=worktree.top, check=False)
        shutil.rmtree(worktree.top)
        with contextlib.suppress(SweeptreeError):
            self.pool.release(worktree, keep=False)
        self.commits = (
            [commit for commit in self.commits if commit != head] if not head else self.commits
        )

    @rule(
        point=st.sampled_from(
            [
                (registry, "_add"),
                (plumbing, "run"),
                (slot.Slot, "_remember"),
                (slot, "write_card"),
                (slot.Slot, "hand_out"),
            ]
        ),
        after=st.booleans(),
    )
    def killed_while_acquiring(self, point: tuple[Any, str], after: bool) -> None:
        if len(self.held) < 3:
            killed(lambda: self.pool.acquire(7), *point, after=after)
        self.crash()

    @rule(
        point=st.sampled_from(
            [
                (registry, "move"),
                (registry, "forget"),
                (saved_commits, "save_commits"),
                (Path, "rename"),
            ]
        ),
        after=st.booleans(),
        keep=st.booleans(),
    )
    def killed_while_releasing(self, point: tuple[Any, str], after: bool, keep: bool) -> None:
        if self.held:
            killed(lambda: self.pool.release(self.held[0], keep=keep), *point, after=after)
        self.crash()

    def crash(self) -> None:
        self.pool._give_lock()
        self.open()

    @rule()
    def gc(self) -> None:
        git("gc", "-q", "--prune=now", cwd=self.repo)

    @rule()
    def ends_and_begins_again(self) -> None:
        self.pool.close()
        self.open()

    @invariant()
    def the_users_tree_is_untouched(self) -> None:
        if hasattr(self, "repo"):
            assert git("status", "--porcelain", cwd=self.repo) == ""
            assert git("rev-parse", "HEAD", cwd=self.repo) == self.base.commit

    @invariant()
    def what_is_out_is_registered(self) -> None:
        if hasattr(self, "held"):
            known = git("worktree", "list", cwd=self.repo)
            assert all(str(worktree.top) in known for worktree in self.held)

    @invariant()
    def no_commit_is_lost(self) -> None:
        for commit in getattr(self, "commits", ()):
            git("cat-file", "-e", commit, cwd=self.repo)

    def teardown(self) -> None:
        if hasattr(self, "pool"):
            self.pool.close()
            shutil.rmtree(self.top, ignore_errors=True)


class Ledger(RuleBasedStateMachine):
    """The records of a sweep against a dict: job -> the attempts that were told durably."""

    jobs = st.integers(0, 3)

    @initialize()
    def make(self) -> None:
        self.paths = SweepPaths(Path(tempfile.mkdtemp()) / "exp")
        self.model: dict[int, list[tuple[int, JobState]]] = {}
        self.store = SweepStore.open(self.paths)

    def tell(self, job: int, number: int, state: JobState) -> None:
        before = self.store.record(job).attempts
        attempts = (*(a for a in before if a.number != number), Attempt(number=number, state=state))
        self.store.update(job, state=state, attempts=attempts)

    def note(self, job: int, number: int, state: JobState) -> None:
        told = self.model.setdefault(job, [])
        told[:] = [*(entry for entry in told if entry[0] != number), (number, state)]

    def runs(self, job: int) -> int | None:
        last = self.model.get(job, [])[-1:]
        return last[0][0] if last and last[0][1] is JobState.RUNNING else None

    @rule(job=jobs)
    def start(self, job: int) -> None:
        told = self.model.get(job, [])
        if self.runs(job) is None and JobState.SUCCEEDED not in [state for _, state in told]:
            self.tell(job, len(told) + 1, JobState.RUNNING)
            self.note(job, len(told) + 1, JobState.RUNNING)

    @rule(job=jobs, state=st.sampled_from(FINAL))
    def finish(self, job: int, state: JobState) -> None:
        if (number := self.runs(job)) is not None:
            self.tell(job, number, state)
            self.note(job, number, state)

    @rule(job=jobs, state=st.sampled_from(FINAL), after=st.booleans())
    def killed_while_finishing(self, job: int, state: JobState, after: bool) -> None:
        if (number := self.runs(job)) is not None:
            killed(lambda: self.tell(job, number, state), SweepStore, "_write", after=after)
            if after:
                self.note(job, number, state)
        self.resume()

    @rule(tail=st.binary(max_size=40))
    def torn_ledger(self, tail: bytes) -> None:
        with self.paths.ledger.open("ab") as ledger:
            ledger.write(tail.replace(b"\n", b"x"))
        self.resume()

    @rule(job=jobs, data=st.binary(max_size=60))
    def torn_record(self, job: int, data: bytes) -> None:
        if job in self.model:
            self.paths.record(job).write_bytes(data)
            self.model.pop(job)
            self.resume()
            assert self.store.record(job).attempts == ()
            self.paths.ledger.write_bytes(b"")

    @rule()
    def resume(self) -> None:
        self.store.close()
        self.store = SweepStore.open(self.paths)
        records = []
        for job in self.model:
            with contextlib.suppress(RecordError):
                records.append(read_record(self.paths.record(job)))
        self.store.mend_ledger(records)

    @invariant()
    def records_are_the_model(self) -> None:
        for job, told in getattr(self, "model", {}).items():
            record = read_record(self.paths.record(job))
            assert [(a.number, a.state) for a in record.attempts] == told
            assert self.store.record(job) == record

    @rule()
    def the_ledger_is_the_model_after_a_resume(self) -> None:
        self.resume()
        latest = read_ledger(self.paths)
        for job, told in self.model.items():
            assert (latest[job]["attempt"], latest[job]["state"]) == told[-1]

    @rule()
    def the_history_is_monotone(self) -> None:
        check_history(self.paths)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.paths.root.parent)


TestWorktrees = pytest.mark.timeout(250)(Worktrees.TestCase)
TestWorktrees.settings = settings(PLAIN, max_examples=12, stateful_step_count=12)
TestLedger = Ledger.TestCase
TestLedger.settings = settings(PLAIN, max_examples=40, stateful_step_count=20)


@given(st.lists(st.text(max_size=20), max_size=20))
@settings(PLAIN, max_examples=50)
def test_no_file_name_confuses_the_numbers_of_attempts(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = SweepPaths(Path(folder))
        paths.state.mkdir()
        (paths.state / "job_3.2.outcome.setup").touch()
        for name in names:
            with contextlib.suppress(OSError, ValueError):
                (paths.state / name.replace("/", "")).touch()
        assert last_attempts(paths)[3] == 2


@pytest.mark.parametrize(
    "history",
    [
        [(1, JobState.SUCCEEDED), (2, JobState.SUCCEEDED)],
        [(2, JobState.RUNNING), (1, JobState.FAILED)],
        [(1, JobState.LOST), (1, JobState.RUNNING)],
    ],
)
def test_the_checker_of_histories_finds_what_must_not_be(
    history: list[tuple[int, JobState]],
) -> None:
    with pytest.raises(AssertionError):
        check_job(0, history)
