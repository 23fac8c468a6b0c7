"""Where PTB-XL comes from: a folder, a zip, the S3 mirror, or PhysioNet's own zip.

In the end it is a `Store`.

Hides: which files of the mirror are needed, where fetched files stand, and how much space that
takes.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.ecg import ptbxl
from sweeptree.ecg.curate.confined import FolderStore, Store, Unreadable, ZipStore
from sweeptree.ecg.curate.fetch import (
    Absent,
    Client,
    FetchError,
    Wanted,
    fetch_all,
    put,
    stands_whole,
)
from sweeptree.ecg.curate.lists import MAX_TABLE_BYTES
from sweeptree.ecg.curate.survey import Survey, survey
from sweeptree.ecg.curate.verify import MAX_HEADER_BYTES
from sweeptree.ecg.manifest import CurateSpec
from sweeptree.ecg.progress import Reporter
from sweeptree.ecg.wording import are, counted
from sweeptree.errors import Refused, UsageError

TABLES = (ptbxl.SUMS, ptbxl.STATEMENTS, ptbxl.TABLE, ptbxl.LICENSE)
_SPARE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """An open source.

    `origin` is what the manifest says: folder, zip, or a URL (never a local path).
    """

    store: Store
    origin: str

    def close(self) -> None:
        """Give its handles back."""
        self.store.close()


class TableStore:
    """Only the tables of a remote copy, in memory: enough to say what a run would do."""

    kind = "url"

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a table. Raises Unreadable."""
        if name not in self._files or len(self._files[name]) > limit:
            raise Unreadable("file_missing", f"{name} is absent")
        return self._files[name]

    def names(self, folders: Collection[str]) -> Iterator[str]:
        """The tables' names."""
        return (name for name in sorted(self._files) if name not in folders)

    def fingerprint(self, folders: Collection[str]) -> Iterator[str]:
        """The tables' digests."""
        return (
            f"{name} {hashlib.sha256(self._files[name]).hexdigest()}"
            for name in self.names(folders)
        )

    def close(self) -> None:
        """Nothing to close."""


def resolve(spec: CurateSpec) -> str:
    """The source as a path or URL."""
    if spec.source is None:
        raw = spec.out.absolute().parent / "raw"
        return str(raw) if _was_fetched(raw) else ptbxl.MIRROR_URL
    return _SHORT_NAMES.get(spec.source, spec.source)


_SHORT_NAMES = {"mirror": ptbxl.MIRROR_URL, "physionet": ptbxl.ZIP_URL}


def _was_fetched(raw: Path) -> bool:
    return (raw / ptbxl.TABLE).is_file() and not (raw / ".incomplete").exists()


def is_url(text: str) -> bool:
    """True for something to be fetched."""
    return "://" in text


def open_source(spec: CurateSpec, report: Reporter) -> Source:
    """Open the source, fetching what is needed first. Raises UsageError, Refused or FetchError."""
    text = resolve(spec)
    raw = spec.out.absolute().parent / "raw"
    if not is_url(text):
        return _local(Path(text))
    url = plain_url(text)
    if text.endswith(".zip"):
        return Source(ZipStore(_fetch_zip(text, raw, report)), url)
    base = text if text.endswith("/") else f"{text}/"
    _fetch_folder(base, raw, spec, report)
    return Source(FolderStore(raw), url)


def _local(path: Path) -> Source:
    if path.is_dir():
        return Source(FolderStore(path), "folder")
    if path.is_file():
        return Source(ZipStore(path), "zip")
    raise UsageError(
        f"there is no folder or zip {path}",
        hint="--source FOLDER, ZIP, URL, mirror (S3) or physionet (their zip)",
    )


def plain_url(url: str) -> str:
    """The address without user, password and query."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


def _fetch_zip(url: str, raw: Path, report: Reporter) -> Path:
    path = raw / url.rpartition("/")[2].partition("?")[0]
    if path.is_file():
        return path
    client = Client(url)
    try:
        raw.mkdir(parents=True, exist_ok=True)
        _need_space(raw, client.length(""))
        with report.stage(f"fetch {path.name[:40]}", "bytes") as progress:
            client.download("", path, progress)
    finally:
        client.close()
    return path


def _fetch_folder(base: str, raw: Path, spec: CurateSpec, report: Reporter) -> None:
    """Fetch the tables, then the record files of the wanted rates that are not here yet."""
    client = Client(base)
    raw.mkdir(parents=True, exist_ok=True)
    mark = raw / ".incomplete"
    try:
        mark.touch()
        for name, data in _fetch_tables(client, raw).items():
            _put_changed(raw / name, data)
        wanted = _wanted(raw, spec)
        with report.stage("look at what is here", "files") as progress:
            missing = _missing(raw, wanted, progress)
        _need_space(raw, sum(_size(w.name) for w in missing))
        if missing:
            _fetch_records(client, raw, missing, report)
        mark.unlink()
    finally:
        client.close()


def _fetch_records(client: Client, raw: Path, missing: list[Wanted], report: Reporter) -> None:
    with report.stage("fetch", "files") as progress:
        absent = fetch_all(client, raw, missing, progress).absent
    if absent:
        count = len(absent)
        report.say(
            f"{counted(count, 'file')} {are(count)} not on the server, the first: {absent[0]}"
        )


def _missing(raw: Path, wanted: list[Wanted], progress: Callable[[int, int], None]) -> list[Wanted]:
    missing = []
    for number, one in enumerate(wanted, 1):
        if not stands_whole(raw / one.name, one):
            missing.append(one)
        progress(number, len(wanted))
    return missing


def _fetch_tables(client: Client, raw: Path | None) -> dict[str, bytes]:
    """The tables that do not stand in `raw` with their listed digest."""
    fetched = {ptbxl.SUMS: client.get(Wanted(ptbxl.SUMS, MAX_TABLE_BYTES, None))}
    listed = _digests(fetched[ptbxl.SUMS])
    for name in TABLES[1:]:
        wanted = Wanted(name, MAX_TABLE_BYTES, listed.get(name))
        if raw is not None and wanted.sha256 and stands_whole(raw / name, wanted):
            continue
        try:
            fetched[name] = client.get(wanted)
        except Absent:
            if name != ptbxl.LICENSE:
                raise
    return fetched


def _digests(sums: bytes) -> dict[str, str]:
    """The digest by path, of the lines that can be read; the survey names the others."""
    lines = sums.decode("utf-8", "replace").split("\n")
    words = [line.split() for line in lines]
    return {pair[1].lstrip("*"): pair[0] for pair in words if len(pair) == 2}


def _put_changed(path: Path, data: bytes) -> None:
    """Write a table unless it stands there already: an unchanged file keeps its time."""
    if not stands_whole(path, Wanted(path.name, MAX_TABLE_BYTES, hashlib.sha256(data).hexdigest())):
        put(path, data)


def _wanted(raw: Path, spec: CurateSpec) -> list[Wanted]:
    store = FolderStore(raw)
    try:
        found = survey(store, spec.rates, spec.limit)
    finally:
        store.close()
    names = record_files(found, spec.rates)
    return [Wanted(name, _limit(name), found.sums.get(name)) for name in names]


def record_files(found: Survey, rates: Sequence[int]) -> Iterator[str]:
    """The paths of the records' files."""
    for rate in rates:
        for row in found.rows:
            yield f"{row.stems[rate]}.hea"
            yield f"{row.stems[rate]}.dat"


def _limit(name: str) -> int:
    return MAX_HEADER_BYTES if name.endswith(".hea") else _size(name)


def _size(name: str) -> int:
    """Bytes of a record file, for the space check and as a limit."""
    if name.endswith(".hea"):
        return 1024
    return ptbxl.signal_bytes(500 if name.startswith("records500/") else 100)


def _need_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        raise Refused(
            f"fetching needs {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free",
            hint="make room, choose another place with --out, or fewer records with --limit",
        )


def remote_tables(text: str) -> TableStore:
    """The tables of a remote copy, kept in memory only.

    Raises FetchError; a zip has no tables to look at.
    """
    if text.endswith(".zip"):
        raise FetchError(
            "a remote zip can only be read once it is here", hint="--dry_run with 'mirror' instead"
        )
    client = Client(text if text.endswith("/") else f"{text}/")
    try:
        return TableStore(_fetch_tables(client, None))
    finally:
        client.close()
