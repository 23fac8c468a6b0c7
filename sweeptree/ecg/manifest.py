"""What a curated dataset says about itself: manifest.json and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sweeptree.model.fields import Border

FORMAT = 2
"""Raised when the same data gets another digest: 2 since it is the digest of the data alone."""
_ABOUT = frozenset({"DATASET_CARD.md", "validation.csv"})
"""Outputs that speak about the data: where it came from, what was found beside it."""
Task = Literal[
    "diagnostic", "superdiagnostic", "subdiagnostic", "form", "rhythm", "all", "reconstruction"
]
Rate = Literal["100", "500", "both"]


class CurateSpec(Border):
    """What to curate and where to."""

    source: str | None = Field(
        default=None,
        description="A PTB-XL folder, its zip, a URL of either, 'mirror' (S3) or 'physionet' "
        "(the zip); default: SWEEPTREE_PTBXL, else what an earlier run fetched, else the mirror.",
    )
    out: Path = Field(default=Path("data/processed"), description="The folder to make.")
    rate: Rate | None = Field(
        default=None, description="Hz; default: 100, and 500 for reconstruction."
    )
    task: Task = Field(
        default="superdiagnostic",
        description="Which labels or arrays to lay out for training code.",
    )
    limit: int | None = Field(default=None, ge=1, description="Only the first so many records.")
    on_bad_record: Literal["stop", "quarantine"] = Field(
        default="stop",
        description="What a damaged or mislabelled record means: stop, or leave it out and "
        "list it.",
    )
    recheck: bool = Field(
        default=False,
        description="Verify every file again, also where nothing seems to have changed.",
    )

    @property
    def rates(self) -> tuple[int, ...]:
        """The rates (Hz) to curate."""
        rate = self.rate or ("500" if self.task == "reconstruction" else "100")
        return (100, 500) if rate == "both" else (int(rate),)


class FileEntry(Border):
    """One output file."""

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """manifest.json.

    The same input and options give the same bytes on every machine: no times, no local paths.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = FORMAT
    digest: str = Field(
        default="", description="Names the data: sha256 over the digests of the files that hold it."
    )
    dataset: str = "PTB-XL"
    version: str = Field(description="The version that the content shows.")
    official_table: bool = Field(
        description="True when the table is the published one, byte for byte."
    )
    source: str = Field(description="folder, zip, or the URL that the files came from.")
    licence: str = "CC BY 4.0"
    tool: str
    rates: tuple[int, ...]
    task: str
    limit: int | None
    on_bad_record: str
    inputs: dict[str, str] = Field(
        description="sha256 per input table, and one over the digests of all record files."
    )
    counts: dict[str, int]
    findings: dict[str, int] = Field(description="How many findings per check.")
    fold_digest: str = Field(
        description="sha256 over the sorted lines 'ecg_id,fold': the order does not matter."
    )
    quarantine: dict[str, tuple[str, ...]] = Field(
        description="Records left out, with the checks that say why."
    )
    outputs: dict[str, FileEntry]

    def sealed(self) -> Manifest:
        """The same manifest with its digest filled in.

        It is of the data alone: a folder, its zip, another version of this program and files that
        nobody reads give the same digest.
        """
        lines = [
            f"{name} {entry.sha256}\n"
            for name, entry in sorted(self.outputs.items())
            if name not in _ABOUT
        ]
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        return self.model_copy(update={"digest": digest})

    def to_bytes(self) -> bytes:
        """manifest.json."""
        return json_bytes(self.model_dump(mode="json"))


def json_bytes(value: Any) -> bytes:
    """Readable JSON, the same bytes for the same value. Raises ValueError on NaN, which is none."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def fold_digest(folds: Iterable[tuple[int, int]]) -> str:
    """sha256 over the sorted lines 'ecg_id,fold'."""
    text = "".join(f"{ecg_id},{fold}\n" for ecg_id, fold in sorted(folds))
    return hashlib.sha256(text.encode()).hexdigest()


def file_entry(path: Path) -> FileEntry:
    """Digest and size of a file, read in blocks."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return FileEntry(sha256=digest, bytes=stream.tell())


def is_intact(folder: Path, manifest: Manifest) -> bool:
    """True when every output stands in the folder with the digest that the manifest gives."""
    try:
        return all(file_entry(folder / name) == entry for name, entry in manifest.outputs.items())
    except OSError:
        return False
