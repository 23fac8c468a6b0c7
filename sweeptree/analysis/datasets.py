"""Which dataset a job is given: the digest that names it, as the folder's own manifest.json says.

Hides: where a job's data stands, and that a manifest is read once per sweep and not once per job.
It knows nothing of what the data are: any folder whose manifest.json has a `digest` will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sweeptree.errors import RecordError
from sweeptree.model import Scalar, Worktree
from sweeptree.records import read_json

MANIFEST = "manifest.json"
DEFAULT = Path("data") / "processed"
PARAMS = ("data_dir", "data")
_MAX_DIGEST = 128


def named(params: Mapping[str, Scalar]) -> tuple[str, ...]:
    """The folders that a job's command names as its data."""
    values = (params.get(name) for name in PARAMS)
    return tuple(value for value in values if isinstance(value, str) and value)


def folders(worktree: Worktree, params: Mapping[str, Scalar]) -> tuple[Path, ...]:
    """Where a job's data may stand, the likeliest first: what its command names, else
    data/processed."""
    return (
        *(worktree.path / name for name in named(params)),
        worktree.path / DEFAULT,
        worktree.top / DEFAULT,
    )


class Digests:
    """The digests of datasets.

    A manifest is read again only when another file stands in its place.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, int, int], str | None] = {}

    def of_job(self, worktree: Worktree, params: Mapping[str, Scalar]) -> str | None:
        """The digest of the data that a job is given; None when no manifest names one."""
        found = (self.of_folder(folder) for folder in folders(worktree, params))
        return next((digest for digest in found if digest), None)

    def of_folder(self, folder: Path) -> str | None:
        """The digest that a folder's own manifest names; None when there is none."""
        manifest = folder / MANIFEST
        try:
            s = manifest.stat()
        except (OSError, ValueError):
            return None
        key = (s.st_dev, s.st_ino, s.st_mtime_ns, s.st_size)
        if key not in self._known:
            self._known[key] = _read(manifest)
        return self._known[key]


def _read(manifest: Path) -> str | None:
    try:
        digest = read_json(manifest.resolve()).get("digest")
    except (RecordError, OSError):
        return None
    fits = isinstance(digest, str) and 0 < len(digest) <= _MAX_DIGEST and digest.isprintable()
    return str(digest) if fits else None
