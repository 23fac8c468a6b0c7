"""What a run of the curator would do, found without writing anything: the dry run."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sweeptree.ecg import ptbxl
from sweeptree.ecg.curate.confined import FolderStore, Store, ZipStore
from sweeptree.ecg.curate.curator import needed_bytes
from sweeptree.ecg.curate.findings import SEVERITY
from sweeptree.ecg.curate.source import is_url, record_files, remote_tables, resolve
from sweeptree.ecg.curate.survey import Survey, survey
from sweeptree.ecg.manifest import CurateSpec
from sweeptree.ecg.wording import counted
from sweeptree.errors import UsageError

_HEADER_BYTES = 700


class CuratePlan(BaseModel):
    """The dry run's answer."""

    model_config = ConfigDict(frozen=True)

    source: str
    out: Path
    version: str
    records: int
    fetch_files: int
    fetch_bytes: int
    out_bytes: int
    free_bytes: int
    findings: dict[str, int]


def plan(spec: CurateSpec) -> CuratePlan:
    """Look at the tables and say what would be fetched, verified and written. Changes nothing.

    Raises UsageError (no such source) and FetchError (the network).
    """
    text = resolve(spec)
    store = _open(text)
    try:
        found = survey(store, spec.rates, spec.limit)
    finally:
        store.close()
    missing = _missing(found, spec) if is_url(text) else []
    return CuratePlan(
        source=text,
        out=spec.out,
        version=found.version,
        records=len(found.rows),
        fetch_files=len(missing),
        fetch_bytes=sum(_bytes(name) for name in missing),
        out_bytes=needed_bytes(spec, len(found.rows)),
        free_bytes=shutil.disk_usage(_nearest_folder(spec.out.absolute())).free,
        findings=dict(sorted(Counter(f.check for f in found.findings).items())),
    )


def _open(text: str) -> Store:
    if is_url(text):
        return remote_tables(text)
    path = Path(text)
    if path.is_dir():
        return FolderStore(path)
    if path.is_file():
        return ZipStore(path)
    raise UsageError(
        f"there is no folder or zip {path}", hint="--source FOLDER, ZIP, URL, mirror or physionet"
    )


def _missing(found: Survey, spec: CurateSpec) -> list[str]:
    raw = spec.out.absolute().parent / "raw"
    names = record_files(found, spec.rates)
    return [name for name in names if not (raw / name).is_file()]


def _bytes(name: str) -> int:
    if name.endswith(".hea"):
        return _HEADER_BYTES
    return ptbxl.signal_bytes(500 if name.startswith("records500/") else 100)


def _nearest_folder(path: Path) -> Path:
    """The nearest folder above a path that exists."""
    return next(p for p in (path, *path.parents) if p.is_dir())


def describe_plan(found: CuratePlan) -> Sequence[str]:
    """A few lines for a person."""
    records = counted(found.records, "record")
    lines = [f"source   {found.source}", f"version  {found.version}, {records}"]
    if found.fetch_files:
        files = counted(found.fetch_files, "file")
        lines.append(f"fetch    {files}, about {found.fetch_bytes / 1e6:,.0f} MB")
    free = found.free_bytes / 1e6
    lines.append(
        f"write    {found.out}, up to {found.out_bytes / 1e6:,.0f} MB ({free:,.0f} MB are free)"
    )
    for check, count in found.findings.items():
        lines.append(
            f"{SEVERITY[check]:<10} {count:,} x {check} "
            "(tables only; signals are checked by the run itself)"
        )
    lines.append("dry run: nothing was changed")
    return lines
