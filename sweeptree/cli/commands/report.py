"""`sweeptree report`: the page of a sweep, written where asked, opened where asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sweeptree.analysis.document import Document, read_document
from sweeptree.cli.commands.show import is_stale
from sweeptree.cli.find import find_readable
from sweeptree.cli.screens.terminal import say, write_out
from sweeptree.errors import UsageError
from sweeptree.records import SweepPaths


def report(
    exp: str,
    /,
    *,
    out: Path | None = None,
    open_it: Annotated[bool, Parameter(name="--open", negative="")] = False,
    results_dir: Path | None = None,
) -> int:
    """Write report.html: verdict, charts, tables, failures and provenance in one file.

    Parameters
    ----------
    exp
        Name of a sweep, or a path to its folder.
    out
        Where to write it; default: report.html in the sweep's folder.
    open_it
        Open it in the browser.
    results_dir
        Where results stand; default: results/ at the top of the repository.
    """
    from sweeptree.report import write_report

    paths = find_readable(exp, results_dir)
    target = out.absolute() if out is not None else None
    if target is not None and (target.is_dir() or not target.parent.is_dir()):
        raise UsageError(
            f"{out} cannot be written: it is a folder, or has none", hint="give --out a file's name"
        )
    place = write_report(paths, _document(paths), target)
    write_out(f"wrote {place}\n")
    if open_it and not _open(place):
        say(f"! no browser could be started; open {place.as_uri()}")
    return 0


def _document(paths: SweepPaths) -> Document:
    """The aggregates as they stand when they are no older than the records, else made anew."""
    if is_stale(paths):
        from sweeptree.analysis.aggregate import aggregate

        return aggregate(paths)
    return read_document(paths)


def _open(place: Path) -> bool:
    import webbrowser

    return webbrowser.open(place.as_uri())
