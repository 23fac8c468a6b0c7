"""What an earlier process of a sweep left of a job: taken over, given up for lost, or only to be
delivered.

Hides: how an attempt is fenced. Once given up, no keeper can begin it any more and nothing that it
leaves later is taken; a newer attempt has its own number, files and worktree.
"""

from __future__ import annotations

from pathlib import Path

from sweeptree import repository, supervise
from sweeptree.errors import WorktreeGone
from sweeptree.model import Attempt, JobRecord, JobState, Outcome, Worktree
from sweeptree.sweep import attempts, job_delivery
from sweeptree.sweep.running import Chain, Sweep


def is_unfinished(chain: Chain) -> bool:
    """Whether an earlier run of the sweep started an attempt of this job whose end is not in the
    record yet."""
    number = attempts.last_attempt(chain)
    ended = (
        a.number for a in chain.sweep.store.record(chain.job.index).attempts if a.state.is_final
    )
    return number > 0 and number not in ended


def adopt(chain: Chain) -> Outcome | None:
    """Take over the attempt that an earlier process of this sweep started: wait for it, or take its
    outcome.

    None when there is nothing to take over. An attempt whose keeper died without an outcome is
    noted as lost, and what it left running is ended, so that a new attempt can start.
    """
    paths, index, number = chain.sweep.paths, chain.job.index, attempts.last_attempt(chain)
    chain.attempt, chain.tries = number, 1
    chain.take_turn_at_once()
    alive, outcome_file = (
        paths.attempt(index, number, "alive"),
        paths.attempt(index, number, "outcome"),
    )
    outcome = None
    while outcome is None:
        keeper = supervise.adopt(alive, outcome_file)
        with chain.sweep.watched(keeper):
            if keeper.is_alive():
                attempts.await_start(chain, keeper, paths.attempt(index, number, "started"))
            outcome = keeper.wait()
        chain.end_turn()
        if outcome is None and supervise.fence(alive, outcome_file):
            outcome = supervise.lost_outcome()
    if outcome.state is JobState.LOST:
        _note_lost(chain, outcome)
        return None
    chain.worktree = _old_worktree(chain)
    chain.outcome = outcome
    chain.judge_cause()
    return attempts.record_outcome(chain, outcome)


def is_undelivered(sweep: Sweep, record: JobRecord) -> bool:
    """Whether a job succeeded and the process that drove it died before its changes were committed."""
    pool, place = sweep.pool, record.worktree
    delivers = sweep.spec.commit_and_pr or sweep.spec.commit_and_pr_best
    if pool is None or place is None or record.state is not JobState.SUCCEEDED or not delivers:
        return False
    return _succeeded(sweep, record) is not None and pool.has_leftover(record.id, Path(place))


def take_up(chain: Chain) -> None:
    """Go on behind the command of such a job: its outcome stands, its worktree is taken over."""
    chain.attempt, chain.tries = attempts.last_attempt(chain), 1
    chain.record = chain.sweep.store.record(chain.job.index)
    chain.outcome = _succeeded(chain.sweep, chain.record)
    chain.worktree = _old_worktree(chain)
    _end_beside(chain, ".fix")
    for what in ("alive", "started", "outcome"):
        chain.sweep.paths.attempt(chain.job.index, chain.attempt, f"{what}.fix").unlink(
            missing_ok=True
        )


def take_up_owed(chain: Chain) -> None:
    """Go on behind the last step that worked of a job whose delivery failed: its branch, else its
    kept worktree.

    Raises WorktreeGone when neither is there any more.
    """
    index, pool = chain.job.index, chain.sweep.pool
    chain.attempt, chain.tries = attempts.last_attempt(chain), 1
    chain.record = chain.sweep.store.record(index)
    chain.branch = job_delivery.made_branch(chain)
    if chain.branch is None and pool is not None and chain.record.worktree:
        chain.worktree = pool.take_kept(index, Path(chain.record.worktree))
    if chain.branch is None and chain.worktree is None:
        exp_name = chain.sweep.spec.exp_name
        raise WorktreeGone(
            f"the branch and the worktree with the work of job {index} are gone",
            hint=f"sweeptree resume {exp_name} --jobs {index}   runs it again",
        )


def _succeeded(sweep: Sweep, record: JobRecord) -> Outcome | None:
    number = max((attempt.number for attempt in record.attempts), default=0)
    outcome = supervise.read_outcome(sweep.paths.attempt(record.id, number, "outcome"))
    return outcome if outcome is not None and outcome.state is JobState.SUCCEEDED else None


def _end_beside(chain: Chain, suffix: str) -> None:
    """The setup or fix of an attempt whose driver died may still run: it would be in the way."""
    paths, index = chain.sweep.paths, chain.job.index
    files = (paths.attempt(index, chain.attempt, what + suffix) for what in ("alive", "outcome"))
    keeper = supervise.adopt(*files)
    keeper.kill()
    keeper.wait()


def _note_lost(chain: Chain, outcome: Outcome) -> None:
    """The attempt's keeper is dead and left no outcome: say so, and end what its job may have left
    running."""
    _end_beside(chain, ".setup")
    supervise.sweep_orphans(attempts.launch_name(chain, ""), lambda _: False)
    attempt = Attempt(
        number=chain.attempt, state=outcome.state, reason=outcome.reason, end_time=outcome.end_time
    )
    if chain.attempt in (a.number for a in chain.sweep.store.record(chain.job.index).attempts):
        chain.update(
            state=outcome.state,
            reason=outcome.reason,
            attempts=attempts.with_attempt(chain, attempt),
        )


def _old_worktree(chain: Chain) -> Worktree | None:
    prepared, pool = chain.sweep.prepared, chain.sweep.pool
    if pool is None:
        return repository.in_place(prepared.repo, prepared.base)
    place = chain.sweep.store.record(chain.job.index).worktree
    return pool.adopt(chain.job.index, Path(place) if place else None)
