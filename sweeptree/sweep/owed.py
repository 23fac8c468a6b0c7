"""What an earlier run of a sweep could not deliver of its jobs. Makes no request."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from pathlib import Path

from sweeptree.errors import SweeptreeError
from sweeptree.model import Branch, DeliveryState, JobDelivery, JobRecord, JobState, SweepSpec
from sweeptree.publish import delivery
from sweeptree.publish.delivery import Options
from sweeptree.repository import branches
from sweeptree.sweep.branches import has_own_branch
from sweeptree.sweep.job_delivery import delivery_context
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.running import JobContext


class _Debt(Enum):
    """What is missing of a delivery. LOCAL: a branch, which no forge was told of."""

    NONE = auto()
    SOMETHING = auto()
    LOCAL = auto()


def owed(prepared: PreparedSweep, records: Iterable[JobRecord]) -> tuple[int, ...]:
    """The jobs whose branch, pull request, labels or reviewers an earlier run could not deliver.

    A branch without a forge to tell is owed once there is one. The best job's pull request is not
    meant here: it is looked after at the end of each run.
    """
    debts = {record.id: _debt(prepared.spec, record) for record in records}
    wanted = {_Debt.SOMETHING}
    if _Debt.LOCAL in debts.values() and _has_forge(prepared.repo.start):
        wanted.add(_Debt.LOCAL)
    return tuple(index for index, debt in debts.items() if debt in wanted)


def _debt(spec: SweepSpec, record: JobRecord) -> _Debt:
    if record.delivery is None or record.state is not JobState.SUCCEEDED:
        return _Debt.NONE
    return _debt_of(spec, record.delivery)


def _debt_of(spec: SweepSpec, found: JobDelivery) -> _Debt:
    if found.step == "commit":
        return _Debt.SOMETHING if spec.delivers else _Debt.NONE
    if not spec.commit_and_pr or found.state is DeliveryState.DELIVERED:
        return _Debt.NONE
    return _Debt.LOCAL if found.state is DeliveryState.LOCAL else _Debt.SOMETHING


def _has_forge(top: Path) -> bool:
    try:
        return delivery.find_target(top, Options(), delivery_context()).forge is not None
    except SweeptreeError:  # a token that cannot be one: whoever needs it will say so
        return False


def made_branch(job: JobContext) -> Branch | None:
    """The branch that an earlier run made of the job's work; None where there is none."""
    record, top = job.record, job.sweep.prepared.repo.start
    if not has_own_branch(record) or record.git_branch is None:
        return None
    name = record.git_branch
    commit = branches.local_branch(top, name) or branches.last_delivery(top, name)
    return Branch(name, commit) if commit else None
