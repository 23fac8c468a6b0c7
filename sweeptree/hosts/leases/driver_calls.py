"""What the driver of a sweep may ask for: jobs to be run, cancelled, and what came of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sweeptree.hosts.leases.endings import (
    cancel_due,
    give_up_if_due,
    tell_unplaceable,
    was_unbegun,
)
from sweeptree.hosts.leases.problems import BadCall
from sweeptree.hosts.leases.rows import JobRow, JobState, SweepRows
from sweeptree.hosts.values import Offer, Order


def open_sweep(rows: SweepRows, lanes: int, request: str) -> None:
    """Make the sweep known, or let it go on: whatever was ordered before, lanes lease again."""
    if not _is_repeated(rows, request, "open"):
        rows.add_sweep(lanes)


def offer(rows: SweepRows, offers: Iterable[Offer], request: str) -> None:
    """Let jobs be due. One that is leased, or whose newest attempt the driver has not seen end,
    stays as it is."""
    if _is_repeated(rows, request, "offer"):
        return
    for each in offers:
        _offer(rows, each)
    tell_unplaceable(rows)


def cancel(rows: SweepRows, jobs: Iterable[int], request: str) -> None:
    """End jobs: due ones at once, leased ones by their lane. What has ended stays as it is."""
    if _is_repeated(rows, request, "cancel"):
        return
    for job in jobs:
        _cancel(rows, job)
    rows.count_order()


def give_order(rows: SweepRows, order: Order, request: str) -> None:
    """Tell all lanes what to do; what was ordered before and is stronger stays."""
    if _is_repeated(rows, request, "order"):
        return
    standing = rows.row()
    if standing is None or not standing.order.is_stronger_than(order):
        rows.set_order(order)


def _offer(rows: SweepRows, offered: Offer) -> None:
    known = rows.job(offered.job)
    if known is not None and not _may_begin(rows, known, offered.attempts_before):
        return
    newest = max(offered.attempts_before, known.newest if known is not None else 0)
    job = JobRow(
        job=offered.job,
        state=JobState.DUE,
        newest=newest,
        gpus=offered.gpus,
        gpu_memory=offered.gpu_memory,
        cancelled=False,
        unplaceable=False,
    )
    rows.add_job(job)
    give_up_if_due(rows, job)


def _may_begin(rows: SweepRows, known: JobRow, ended: int) -> bool:
    """Whether an offer may change a known job: it is due, or the driver knows of its end. An
    attempt that was cancelled before it began has none."""
    if known.state is JobState.LEASED:
        return False
    if known.state is JobState.DUE or ended >= known.newest:
        return True
    return known.state is JobState.CANCELLED and was_unbegun(rows, known)


def _cancel(rows: SweepRows, job: int) -> None:
    known = rows.job(job)
    if known is None:
        raise BadCall(f"job {job} was never offered")
    if known.state is JobState.DUE:
        cancel_due(rows, known)
    elif known.state is JobState.LEASED:
        rows.add_job(replace(known, cancelled=True))


def _is_repeated(rows: SweepRows, request: str, call: str) -> bool:
    earlier = rows.answered(request)
    if earlier is None:
        rows.remember(request, call)
        return False
    check_same(earlier[0], call)
    return True


def check_same(earlier: str, call: str) -> None:
    """Refuse an id that was another call's. Raises BadCall."""
    if earlier != call:
        raise BadCall(f"the request was already used for {earlier!r}; a new call needs a new id")
