"""Where a job's metrics may stand, in the order in which they are asked."""

from __future__ import annotations

import fnmatch
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from sweeptree.analysis.metrics.csv_files import read_csv_file
from sweeptree.analysis.metrics.event_files import read_event_file
from sweeptree.analysis.metrics.files import files_below, head, tail, within
from sweeptree.analysis.metrics.json_files import read_json_file
from sweeptree.analysis.metrics.log_objects import marked_points, object_points
from sweeptree.analysis.metrics.log_pairs import pair_points
from sweeptree.analysis.metrics.mlflow_runs import read_database, read_metric_files
from sweeptree.analysis.metrics.patterns import pattern_points
from sweeptree.analysis.metrics.points import Point, Remark, Stream
from sweeptree.analysis.metrics.wandb_runs import read_wandb_file

MAX_MARKED_BYTES = 8 * 1024 * 1024
MAX_PAIRS_BYTES = 1024 * 1024
MAX_TAIL_BYTES = 64 * 1024
_MAX_FILES = 50
_MAX_FILES_BYTES = 256 * 1024 * 1024
_SNIFFED = 64 * 1024
_NAMES = ("metrics", "history", "results", "progress", "log", "logs", "scores", "all_results")
_NAMES_OF_JSON = (*_NAMES, "trainer_state", "eval_results", "test_results", "wandb-summary")
_CSV = (".csv", ".tsv")
_JSON = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look: `metrics_file` is $SWEEPTREE_METRICS, `out` the job's own folder with its
    artifacts.

    `checkout`: where a job ran that had no worktree of its own; only files that are asked for are
    looked at there, and only those changed since `since` (seconds since 1970).
    """

    metrics_file: Path
    log: Path
    out: Path | None = None
    checkout: Path | None = None
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: the metric's name, patterns of files, a pattern for lines of the log."""

    name: str | None = None
    files: tuple[str, ...] = ()
    regex: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One place: its name for the record, and what it says when it is read."""

    name: str
    read: Callable[[], Iterable[Point | Remark]]


class Kind(IntEnum):
    """What writes a file; the order in which files are asked."""

    CSV = 1
    JSON = 2
    EVENTS = 3
    WANDB = 4
    MLFLOW_FILE = 5
    MLFLOW_DATABASE = 6


def sources(places: Places, wanted: Wanted) -> Iterator[Source]:
    """Every place in its order; nothing is read before its turn."""
    file = places.metrics_file
    yield Source(file.name, lambda: read_json_file(file))
    yield from _files(places, wanted)
    yield from _of_log(places.log, wanted)


def _of_log(log: Path, wanted: Wanted) -> Iterator[Source]:
    data = tail(log, MAX_MARKED_BYTES)
    lines, name = data[-MAX_PAIRS_BYTES:], wanted.name
    end = lines if name is not None else lines[-MAX_TAIL_BYTES:]
    yield Source(f"{log.name}: SWEEPTREE lines", lambda: marked_points(data))
    kind = "last JSON object" if name is None else "JSON objects"
    yield Source(f"{log.name}: {kind}", lambda: object_points(end, name))
    yield Source(f"{log.name}: printed numbers", lambda: pair_points(end, name))
    regex = wanted.regex
    if regex is not None:
        yield Source(f"{log.name}: --metric_regex", lambda: pattern_points(lines, regex, name))


@dataclass(frozen=True, slots=True)
class _File:
    """A file that may hold metrics; `shown`: its name in the record."""

    path: Path
    shown: str
    kind: Kind


def printed_points(data: bytes, name: str | None) -> list[Point]:
    """What a piece of a log says: the first kind of line that has the metric `name`, or any."""
    if name is not None and _last_word(name) not in data:
        return []
    read = (list(points) for points in _points_by_kind(data, name))
    return next((points for points in read if _have(points, name)), [])


def _points_by_kind(data: bytes, name: str | None) -> Iterator[Iterable[Point]]:
    yield marked_points(data)
    yield object_points(data, name)
    yield pair_points(data, name)


def _have(points: Iterable[Point], name: str | None) -> bool:
    if name is None:
        return any(point.says_something for point in points)
    return any(name in point.numbers or name in point.not_finite for point in points)


def _last_word(name: str) -> bytes:
    """What stands as a name in JSON, where one object may hold another: `val.auc` as `auc`."""
    return name.rpartition(".")[2].encode()


def _files(places: Places, wanted: Wanted) -> Iterator[Source]:
    chosen = [file for file in _candidates(places, wanted) if _may_hold(file, wanted)]
    by_kind = sorted(chosen, key=lambda file: (file.kind, file.shown.count("/"), _newest(file)))
    many = within([file.path for file in by_kind[:_MAX_FILES]], _MAX_FILES_BYTES)
    for kind, files in itertools.groupby(by_kind[:many], key=lambda file: file.kind):
        yield from _of_kind(kind, list(files))


def _newest(file: _File) -> float:
    return -_changed(file.path)


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _of_kind(kind: Kind, files: Sequence[_File]) -> Iterator[Source]:
    if kind is Kind.EVENTS:
        yield _events(files)
    elif kind is Kind.MLFLOW_FILE:
        yield from _mlflow_runs(files)
    else:
        for file in files:
            yield Source(file.shown, _reader(file))


def _reader(file: _File) -> Callable[[], Stream]:
    readers: dict[Kind, Callable[[Path], Stream]] = {
        Kind.CSV: read_csv_file,
        Kind.JSON: read_json_file,
        Kind.WANDB: read_wandb_file,
        Kind.MLFLOW_DATABASE: read_database,
    }
    read = readers[file.kind]
    return lambda: read(file.path)


def _mlflow_runs(files: Sequence[_File]) -> Iterator[Source]:
    for folder, group in itertools.groupby(files, key=lambda file: file.path.parent):
        paths = [file.path for file in group]
        shown = next(file.shown for file in files if file.path.parent == folder)
        yield Source(shown.rpartition("/")[0], lambda paths=paths: read_metric_files(paths))  # type: ignore[misc]


def _events(files: Sequence[_File]) -> Source:
    """All event files as one source. A tag that stands in several folders (Keras writes train/ and
    validation/) bears the folder's name."""
    shown = files[0].shown if len(files) == 1 else f"{len(files)} event files"
    folders = {file.path.parent for file in files}
    return Source(shown, lambda: _event_points(files, is_prefixed=len(folders) > 1))


def _event_points(files: Sequence[_File], *, is_prefixed: bool) -> Stream:
    for file in reversed(files):
        prefix = f"{file.path.parent.name}/" if is_prefixed else ""
        for each in read_event_file(file.path):
            if isinstance(each, Remark) or not prefix:
                yield each
            else:
                yield _renamed(each, prefix)


def _renamed(point: Point, prefix: str) -> Point:
    numbers = {f"{prefix}{name}": value for name, value in point.numbers.items()}
    return Point(point.step, numbers, frozenset(f"{prefix}{name}" for name in point.not_finite))


def _candidates(places: Places, wanted: Wanted) -> Iterator[_File]:
    if places.out is not None:
        for path in files_below(places.out):
            inside = path.relative_to(places.out).as_posix()
            made = inside.removeprefix("artifacts/")
            kind = _asked_kind(path, made, wanted.files)
            kind = kind or (None if wanted.files else _known_kind(path, has_name=bool(wanted.name)))
            if kind:
                yield _File(path, _shown(f"{places.out.name}/{inside}"), kind)
    if places.checkout is not None and wanted.files:
        yield from _in_checkout(places.checkout, places.since, wanted)


def _in_checkout(checkout: Path, since: float, wanted: Wanted) -> Iterator[_File]:
    for path in files_below(checkout):
        inside = path.relative_to(checkout).as_posix()
        kind = _asked_kind(path, inside, wanted.files)
        if kind and _changed(path) >= since:
            yield _File(path, _shown(inside), kind)


def _shown(name: str) -> str:
    """A file's name for the record; one that is no text in UTF-8 has question marks there."""
    return os.fsencode(name).decode("utf-8", "replace")


def _asked_kind(path: Path, inside: str, patterns: Sequence[str]) -> Kind | None:
    """What a file is that `--metrics_file` names; a pattern without a folder names it anywhere."""
    matched = [each for each in patterns if fnmatch.fnmatchcase(inside, each.removeprefix("./"))]
    anywhere = [each for each in patterns if "/" not in each]
    if not matched and not any(fnmatch.fnmatchcase(path.name, each) for each in anywhere):
        return None
    return _kind_by_name(path) or _kind_by_content(path)


def _kind_by_content(path: Path) -> Kind:
    start = head(path, 256).data.lstrip(b"\xef\xbb\xbf \t\r\n")
    return Kind.JSON if start.startswith((b"{", b"[")) else Kind.CSV


def _known_kind(path: Path, *, has_name: bool) -> Kind | None:
    """What a file is that nobody named. Any CSV or JSON file may hold a metric that is asked for by
    name; without one, only files that are called as trainers call theirs."""
    kind = _kind_by_name(path)
    if has_name or kind not in (Kind.CSV, Kind.JSON):
        return kind
    names = _NAMES if kind is Kind.CSV else _NAMES_OF_JSON
    return kind if path.stem.lower() in names else None


def _kind_by_name(path: Path) -> Kind | None:
    suffix = path.suffix.lower()
    if ".tfevents." in path.name:
        return Kind.EVENTS
    if suffix in _CSV or suffix in _JSON:
        return Kind.CSV if suffix in _CSV else Kind.JSON
    if suffix == ".wandb":
        return Kind.WANDB
    if path.name == "mlflow.db":
        return Kind.MLFLOW_DATABASE
    is_metric = path.parent.name == "metrics" and (path.parent.parent / "meta.yaml").is_file()
    return Kind.MLFLOW_FILE if is_metric else None


def _may_hold(file: _File, wanted: Wanted) -> bool:
    """Whether the wanted name can stand in a file; a data set in CSV is not read for nothing."""
    if wanted.name is None or wanted.files or file.kind not in (Kind.CSV, Kind.JSON):
        return True
    name = _last_word(wanted.name)
    if file.kind is Kind.CSV:
        return name in head(file.path, _SNIFFED).data.replace(b"\0", b"")  # as UTF-16 too
    return name in head(file.path, _SNIFFED).data or name in tail(file.path, _SNIFFED)
