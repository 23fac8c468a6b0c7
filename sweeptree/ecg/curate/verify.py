"""Verify every record of a survey, in shards, and write what is good as rows of an array.

Hides: the sharding and its threads, what is remembered per record, and how copies of one recording
are found without comparing every signal with every other. Results do not depend on the number of
threads.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg import ptbxl
from sweeptree.ecg.curate import signals
from sweeptree.ecg.curate.confined import Store, Unreadable
from sweeptree.ecg.curate.findings import Finding
from sweeptree.ecg.curate.npyfile import NpyRows
from sweeptree.ecg.curate.survey import Row, Survey

SHARD = 128
READERS = 8
BATCH_BYTES = 256 * 1024
"""Records looked at together: few enough to stay in the processor's cache."""
MAX_HEADER_BYTES = 64 * 1024
CANDIDATE = 0.99
SAME = 0.9999
_BLOCK = 512

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Ledger:
    """What is kept per row of the survey, at one rate.

    Rows that failed stay zero and have `good` False.
    """

    good: NDArray[np.bool_]
    sums: NDArray[np.int64]
    squares: NDArray[np.int64]
    low: NDArray[np.int16]
    high: NDArray[np.int16]
    prints: NDArray[np.float32]
    digests: list[str]

    @classmethod
    def empty(cls, rows: int) -> Ledger:
        """A ledger of so many rows."""
        parts = signals.FINGERPRINT_LEADS * signals.FINGERPRINT_PARTS
        return cls(
            np.zeros(rows, np.bool_),
            np.zeros((rows, 12), np.int64),
            np.zeros((rows, 12), np.int64),
            np.zeros((rows, 12), np.int16),
            np.zeros((rows, 12), np.int16),
            np.zeros((rows, parts), np.float32),
            [""] * rows,
        )

    def put(self, rows: Sequence[int], signal: signals.Signal, digests: Sequence[str]) -> None:
        """Remember these rows, which `signal` has in the same order."""
        at = np.asarray(rows, np.intp)
        self.good[at] = True
        self.sums[at], self.squares[at] = signal.sums, signal.squares
        self.low[at], self.high[at], self.prints[at] = signal.low, signal.high, signal.fingerprint
        for row, digest in zip(rows, digests, strict=True):
            self.digests[row] = digest


@dataclass(frozen=True, slots=True)
class _Job:
    store: Store
    found: Survey
    rate: int
    out: NpyRows
    ledger: Ledger


def verify(
    store: Store, found: Survey, rate: int, out: NpyRows, progress: Progress
) -> tuple[Ledger, list[Finding]]:
    """Check both files of every row at a rate and write good signals to the row of the same number
    in `out`."""
    job = _Job(store, found, rate, out, Ledger.empty(len(found.rows)))
    shards = [
        range(first, min(first + SHARD, len(found.rows)))
        for first in range(0, len(found.rows), SHARD)
    ]
    findings: list[Finding] = []
    done = 0
    for rows, part in _in_turn(job, iter(shards)):
        findings += part
        done += len(rows)
        progress(done, len(found.rows))
    return job.ledger, findings


def _in_turn(job: _Job, shards: Iterator[range]) -> Iterator[tuple[range, list[Finding]]]:
    """The findings of each shard, in order. How many are under way at once follows the storage.

    From memory one thread is the fastest, several wait for each other at every call; for a disk or
    a network they wait together. A shard that took more than twice its own share of the time was
    waiting for storage.
    """
    under_way: deque[tuple[range, Future[_Looked]]] = deque()
    wanted = 1
    pool = ThreadPoolExecutor(max_workers=READERS)
    try:
        while True:
            more = list(itertools.islice(shards, max(0, wanted - len(under_way))))
            if not more and not under_way:
                return
            if wanted == 1 and more:
                rows, looked = more[0], _timed(job, more[0])
            else:
                under_way.extend((rows, pool.submit(_timed, job, rows)) for rows in more)
                rows, looked = under_way[0][0], under_way.popleft()[1].result()
            waited = looked.seconds > 2 * wanted * looked.own_seconds
            wanted = min(2 * wanted, READERS) if waited else max(1, wanted - 1)
            yield rows, looked.findings
    finally:
        pool.shutdown(
            cancel_futures=True
        )  # an interrupt does not wait for the shards that have not begun


def _timed(job: _Job, rows: range) -> _Looked:
    start, own = time.perf_counter(), time.thread_time()
    findings = _shard(job, rows)
    return _Looked(findings, time.perf_counter() - start, time.thread_time() - own)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found in a shard, how long it took, and the processor time of it."""

    findings: list[Finding]
    seconds: float
    own_seconds: float


@dataclass(frozen=True, slots=True)
class _Files:
    """The two files of a row, read and parsed."""

    number: int
    data: bytes
    digest: str
    checksums: list[int]


def _shard(job: _Job, rows: range) -> list[Finding]:
    findings: list[Finding] = []
    step = max(1, BATCH_BYTES // (24 * ptbxl.samples(job.rate)))
    for first in range(rows.start, rows.stop, step):
        numbers = range(first, min(first + step, rows.stop))
        files = [f for number in numbers if (f := _files(job, number, findings)) is not None]
        _signals(job, files, findings)
    return findings


def _files(job: _Job, number: int, findings: list[Finding]) -> _Files | None:
    row = job.found.rows[number]
    stem = row.stems[job.rate]
    header = _read(job, row, f"{stem}.hea", MAX_HEADER_BYTES, findings)
    data = _read(job, row, f"{stem}.dat", 24 * ptbxl.samples(job.rate) + 1, findings)
    if header is None or data is None:
        return None
    checksums, problems = signals.read_header(header[0], stem, job.rate)
    findings += [Finding(p.check, row.ecg_id, stem + p.suffix, p.detail) for p in problems]
    return _Files(number, data[0], data[1], checksums)


def _signals(job: _Job, files: Sequence[_Files], findings: list[Finding]) -> None:
    """Look at all whole records at once; what is odd, damaged or without checksums is read by
    itself."""
    whole = [f for f in files if f.checksums and len(f.data) == 24 * ptbxl.samples(job.rate)]
    plain: list[int] = []
    if whole:
        seen, odd = signals.look([f.data for f in whole], [f.checksums for f in whole], job.rate)
        at = np.flatnonzero(~odd)
        _keep(job, [whole[n] for n in at], seen.part(at))
        plain = [whole[n].number for n in at]
    for f in files:
        if f.number in plain:
            continue
        signal, problems = signals.read_signal(f.data, f.checksums, job.rate)
        row = job.found.rows[f.number]
        findings += [
            Finding(p.check, row.ecg_id, row.stems[job.rate] + p.suffix, p.detail) for p in problems
        ]
        if signal is not None:
            _keep(job, [f], signal)


def _keep(job: _Job, files: Sequence[_Files], signal: signals.Signal) -> None:
    job.ledger.put([f.number for f in files], signal, [f.digest for f in files])
    for f in files:
        job.out.write(f.number, f.data)


def _read(
    job: _Job, row: Row, name: str, limit: int, findings: list[Finding]
) -> tuple[bytes, str] | None:
    """A file and its sha256, or None when it cannot be read; what is wrong goes to the findings."""
    try:
        data = job.store.read(name, limit)
    except Unreadable as error:
        findings.append(Finding(error.check, row.ecg_id, name, str(error)))
        return None
    digest = hashlib.sha256(data).hexdigest()
    listed = job.found.sums.get(name)
    if listed is None and job.found.sums:
        findings.append(
            Finding("sha256_missing", row.ecg_id, name, f"{name} has no line in {ptbxl.SUMS}")
        )
    elif listed and listed != digest:
        findings.append(
            Finding("sha256", row.ecg_id, name, f"{name} differs from its digest in {ptbxl.SUMS}")
        )
    return data, digest


def stray_files(store: Store, found: Survey, rates: Sequence[int]) -> list[Finding]:
    """Files beside the records that no row and no digest speaks of."""
    stems = {ptbxl.stem(ecg_id, rate) for ecg_id in found.known for rate in rates}
    names = (n for n in store.names(ptbxl.folders(rates)) if "/" in n and n not in found.sums)
    strays = [n for n in names if n[-4:] not in (".hea", ".dat") or n[:-4] not in stems]
    return [
        Finding("stray_file", 0, name, f"{name} belongs to no record of the table; not used")
        for name in strays
    ]


def copies(
    found: Survey, ledger: Ledger, rows_of: Callable[[int], NDArray[np.int16]]
) -> list[Finding]:
    """Records that hold one recording: equal files, or signals that correlate above 0.9999 over all
    leads.

    The id that PTB-XL itself dropped is left out, else the higher one; the other stays, with a
    note.
    """
    first_of: dict[int, int] = {}
    for a, b in _pairs(ledger):
        if ledger.digests[a] != ledger.digests[b] and _correlation(rows_of(a), rows_of(b)) <= SAME:
            continue
        keep, drop = _choose(found.rows, a, b)
        first_of.setdefault(drop, keep)
    return [
        f
        for drop, keep in sorted(first_of.items())
        for f in _told(found.rows[drop], found.rows[keep])
    ]


def _told(drop: Row, keep: Row) -> tuple[Finding, Finding]:
    name = f"{keep.ecg_id}"
    where = (
        f"folds {drop.fold} and {keep.fold}"
        if drop.fold != keep.fold
        else f"both in fold {drop.fold}"
    )
    stem = next(iter(drop.stems.values()))
    return (
        Finding(
            "duplicate_signal", drop.ecg_id, f"{stem}.dat", f"same recording as {name} ({where})"
        ),
        Finding("duplicate_kept", keep.ecg_id, "", f"kept; {drop.ecg_id} holds the same recording"),
    )


def _choose(rows: Sequence[Row], a: int, b: int) -> tuple[int, int]:
    """(keep, drop) for two rows of one recording."""
    if rows[a].ecg_id in ptbxl.DROPPED_IN_103 and rows[b].ecg_id not in ptbxl.DROPPED_IN_103:
        return b, a
    return a, b


def _pairs(ledger: Ledger) -> list[tuple[int, int]]:
    """Candidate pairs a < b by fingerprint, in blocks: N x N products of 64 numbers, a second for
    20,000 records."""
    use = np.flatnonzero(ledger.good & (ledger.prints != 0).any(axis=1))
    prints = ledger.prints[use]
    pairs = []
    for start in range(0, len(use), _BLOCK):
        like = prints[start : start + _BLOCK] @ prints[start:].T
        a, b = np.divmod(
            np.flatnonzero(like > CANDIDATE), like.shape[1]
        )  # nonzero in two dimensions is far slower
        pairs += [
            (int(use[start + i]), int(use[start + j])) for i, j in zip(a, b, strict=True) if i < j
        ]
    return pairs


def _correlation(a: NDArray[np.int16], b: NDArray[np.int16]) -> float:
    x, y = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    x -= x.mean()
    y -= y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else 0.0
