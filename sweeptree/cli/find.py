"""Which sweep the user means: a name below results/ of the repository, or a path."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from sweeptree.errors import SweeptreeError, UsageError
from sweeptree.records import SweepPaths, iter_sweeps


def results_dir(given: Path | None) -> Path:
    """The results folder: as given, else that of the repository, else results/ here."""
    if given is not None:
        return given.absolute()
    return _results_of_repository(Path.cwd())


def _results_of_repository(start: Path) -> Path:
    """Where sweeps started here have their results; below `start` where there is no repository."""
    if not any((folder / ".git").exists() for folder in (start, *start.parents)):
        return start / "results"
    from sweeptree.repository import find_repository

    try:
        return find_repository(start).results_dir
    except SweeptreeError:
        return start / "results"


def find_sweep(name: str, results: Path | None) -> SweepPaths:
    """The sweep of this name, or the folder at this path.

    Raises UsageError naming what there is.
    """
    folder = results_dir(results)
    paths = SweepPaths(_place(name, folder))
    if paths.root.is_dir() and not paths.root.is_symlink():
        return paths
    raise UsageError(
        f"there is no sweep {name!r} in {paths.root.parent}", hint=_advice(name, folder, results)
    )


def find_readable(name: str, results: Path | None) -> SweepPaths:
    """The same for what only reads: also a sweep that was fetched, as origin/unet_lr."""
    local = _place(name, results_dir(results))
    fetched = _fetched(name)
    if fetched is not None and not local.is_dir():
        return fetched
    return find_sweep(name, results)


def _fetched(name: str) -> SweepPaths | None:
    """The sweep that REMOTE/NAME was fetched to."""
    parts = Path(name).parts
    if len(parts) != 2 or ".." in parts:
        return None
    place = shared_folder().joinpath(*parts)
    return SweepPaths(place) if place.is_dir() else None


def readable_sweeps(results: Path | None) -> Iterator[SweepPaths]:
    """The sweeps of the results folder, then those that were fetched."""
    yield from iter_sweeps(results_dir(results))
    yield from shared_sweeps()


def shared_sweeps() -> Iterator[SweepPaths]:
    """The sweeps that were fetched, by remote and name."""
    folder = shared_folder()
    for remote in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield from iter_sweeps(remote)


def shared_folder() -> Path:
    """Where `fetch` puts the sweeps of others: one folder per remote."""
    return results_dir(None).parent / ".sweeptree" / "shared"


def _place(name: str, folder: Path) -> Path:
    is_path = len(Path(name).parts) > 1 or name in (".", "..")
    return Path(name).absolute() if is_path else folder / name


def _advice(name: str, folder: Path, results: Path | None) -> list[str]:
    known = [paths.root.name for paths in iter_sweeps(folder)]
    if not known:
        return ["sweeptree run --help"]
    close = difflib.get_close_matches(name, known, n=3)
    where = f" --results_dir {results}" if results else ""
    hints = [f"did you mean: {', '.join(close)}"] if close else []
    return [*hints, f"sweeptree status{where}   lists the sweeps"]
