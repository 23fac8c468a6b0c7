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
from collections.abc import Callable, Collection, Iterator, Sequence
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
    """Check both files of every row at a rate; good signals go to the same row of `out`."""
    count = len(found.rows)
    job = _Job(store, found, rate, out, Ledger.empty(count))
    findings: list[Finding] = []
    done = 0
    for rows, part in _in_turn(job, _ranges(range(count), SHARD)):
        findings += part
        done += len(rows)
        progress(done, count)
    return job.ledger, findings


def _ranges(rows: range, size: int) -> Iterator[range]:
    """The same rows in pieces."""
    for first in range(rows.start, rows.stop, size):
        yield range(first, min(first + size, rows.stop))


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
        # an interrupt does not wait for the shards that have not begun
        pool.shutdown(cancel_futures=True)


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
    step = max(1, BATCH_BYTES // ptbxl.signal_bytes(job.rate))
    for numbers in _ranges(rows, step):
        both = [_files(job, number, findings) for number in numbers]
        _signals(job, [files for files in both if files is not None], findings)
    return findings


def _files(job: _Job, number: int, findings: list[Finding]) -> _Files | None:
    row = job.found.rows[number]
    stem = row.stems[job.rate]
    header = _read(job, row, f"{stem}.hea", MAX_HEADER_BYTES, findings)
    data = _read(job, row, f"{stem}.dat", ptbxl.signal_bytes(job.rate) + 1, findings)
    if header is None or data is None:
        return None
    checksums, problems = signals.read_header(header.data, stem, job.rate)
    findings += _found(job, row, problems)
    return _Files(number, data.data, data.sha256, checksums)


def _found(job: _Job, row: Row, problems: Sequence[signals.Problem]) -> list[Finding]:
    stem = row.stems[job.rate]
    return [Finding(p.check, row.ecg_id, f"{stem}{p.suffix}", p.detail) for p in problems]


def _signals(job: _Job, files: Sequence[_Files], findings: list[Finding]) -> None:
    """Look at all whole records at once; what is odd, damaged or without checksums alone."""
    plain = _keep_plain(job, [f for f in files if _is_whole(f, job.rate)])
    for f in files:
        if f.number in plain:
            continue
        signal, problems = signals.read_signal(f.data, f.checksums, job.rate)
        findings += _found(job, job.found.rows[f.number], problems)
        if signal is not None:
            _keep(job, [f], signal)


def _is_whole(f: _Files, rate: int) -> bool:
    return bool(f.checksums) and len(f.data) == ptbxl.signal_bytes(rate)


def _keep_plain(job: _Job, whole: Sequence[_Files]) -> set[int]:
    """Keep the records that nothing is odd about; their numbers."""
    if not whole:
        return set()
    seen, odd = signals.look([f.data for f in whole], [f.checksums for f in whole], job.rate)
    at = np.flatnonzero(~odd)
    plain = [whole[int(n)] for n in at]
    _keep(job, plain, seen.part(at))
    return {f.number for f in plain}


def _keep(job: _Job, files: Sequence[_Files], signal: signals.Signal) -> None:
    job.ledger.put([f.number for f in files], signal, [f.digest for f in files])
    for f in files:
        job.out.write(f.number, f.data)


@dataclass(frozen=True, slots=True)
class _Content:
    data: bytes
    sha256: str


def _read(job: _Job, row: Row, name: str, limit: int, findings: list[Finding]) -> _Content | None:
    """A file and its sha256, or None when it cannot be read; what is wrong goes to the findings."""
    try:
        data = job.store.read(name, limit)
    except Unreadable as error:
        findings.append(Finding(error.check, row.ecg_id, name, str(error)))
        return None
    digest = hashlib.sha256(data).hexdigest()
    listed = job.found.sums.get(name)
    if listed is None and job.found.sums:
        detail = f"{name} has no line in {ptbxl.SUMS}"
        findings.append(Finding("sha256_missing", row.ecg_id, name, detail))
    elif listed and listed != digest:
        detail = f"{name} differs from its digest in {ptbxl.SUMS}"
        findings.append(Finding("sha256", row.ecg_id, name, detail))
    return _Content(data, digest)


def stray_files(store: Store, found: Survey, rates: Sequence[int]) -> list[Finding]:
    """Files beside the records that no row and no digest speaks of."""
    stems = {ptbxl.stem(ecg_id, rate) for ecg_id in found.known for rate in rates}
    findings = []
    for name in store.names(ptbxl.folders(rates)):
        if "/" not in name or name in found.sums or _is_record_file(name, stems):
            continue
        listed = f", though {ptbxl.RECORDS} lists it" if name[:-4] in found.listed else ""
        detail = f"{name} belongs to no record of the table{listed}; not used"
        findings.append(Finding("stray_file", 0, name, detail))
    return findings


def _is_record_file(name: str, stems: Collection[str]) -> bool:
    return name.endswith((".hea", ".dat")) and name[:-4] in stems


def copies(
    found: Survey, ledger: Ledger, rows_of: Callable[[int], NDArray[np.int16]]
) -> list[Finding]:
    """Records that hold one recording: equal files, or signals that correlate above 0.9999.

    The id that PTB-XL itself dropped is left out, else the higher one; the other stays, with a
    note.
    """
    first_of: dict[int, int] = {}
    for a, b in _pairs(ledger):
        same_file = ledger.digests[a] == ledger.digests[b]
        if same_file or _correlation(rows_of(a), rows_of(b)) > SAME:
            keep, drop = _choose(found.rows, a, b)
            first_of.setdefault(drop, keep)
    findings: list[Finding] = []
    for drop, keep in sorted(first_of.items()):
        findings += _both(found.rows[drop], found.rows[keep])
    return findings


def _both(drop: Row, keep: Row) -> tuple[Finding, Finding]:
    """What is found about a copy and about the record that stays in its place."""
    folds = f"folds {drop.fold} and {keep.fold}"
    where = f"both in fold {drop.fold}" if drop.fold == keep.fold else folds
    file = f"{next(iter(drop.stems.values()))}.dat"
    copy_of = f"same recording as {keep.ecg_id} ({where})"
    kept = f"kept; {drop.ecg_id} holds the same recording"
    return (
        Finding("duplicate_signal", drop.ecg_id, file, copy_of),
        Finding("duplicate_kept", keep.ecg_id, "", kept),
    )


def _choose(rows: Sequence[Row], a: int, b: int) -> tuple[int, int]:
    """(keep, drop) for two rows of one recording."""
    if rows[a].ecg_id in ptbxl.DROPPED_IN_103 and rows[b].ecg_id not in ptbxl.DROPPED_IN_103:
        return b, a
    return a, b


def _pairs(ledger: Ledger) -> list[tuple[int, int]]:
    """Candidate pairs a < b by fingerprint, in blocks: a second for 20,000 records."""
    use = np.flatnonzero(ledger.good & (ledger.prints != 0).any(axis=1))
    prints = ledger.prints[use]
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(use), _BLOCK):
        like = prints[start : start + _BLOCK] @ prints[start:].T
        # nonzero in two dimensions is far slower
        a, b = np.divmod(np.flatnonzero(like > CANDIDATE), like.shape[1])
        later = a < b
        first, second = use[start + a[later]], use[start + b[later]]
        pairs += zip(first.tolist(), second.tolist(), strict=True)
    return pairs


def _correlation(a: NDArray[np.int16], b: NDArray[np.int16]) -> float:
    x, y = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    x -= x.mean()
    y -= y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else 0.0
