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
    figure: Path | None = None,
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
    figure
        Draw one chart for a paper instead: a file whose name holds curves, intervals or importance
        and ends with .pdf, .svg or .png, as fig2-curves.pdf.
    open_it
        Open it in the browser.
    results_dir
        Where results stand; default: results/ at the top of the repository.
    """
    from sweeptree.report import draw_figure, write_report

    if figure is not None and (out is not None or open_it):
        raise UsageError(
            "--figure draws one chart, without a page", hint=f"sweeptree report {exp} --open"
        )
    paths = find_readable(exp, results_dir)
    if figure is not None:
        target = _new_file("--figure", figure)
        write_out(f"wrote {draw_figure(paths, _document(paths), target)}\n")
        return 0
    place = write_report(paths, _document(paths), _new_file("--out", out) if out else None)
    write_out(f"wrote {place}\n")
    if open_it and not _open(place):
        say(f"! no browser could be started; open {place.as_uri()}")
    return 0


def _new_file(option: str, path: Path) -> Path:
    """Where a file can be made. Raises UsageError."""
    target = path.absolute()
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(
            f"{path} cannot be written: it is a folder, or has none",
            hint=f"give {option} a file's name",
        )
    return target


def _document(paths: SweepPaths) -> Document:
    """The aggregates as they stand when they are no older than the records, else made anew."""
    if is_stale(paths):
        from sweeptree.analysis.aggregate import aggregate

        return aggregate(paths)
    return read_document(paths)


def _open(place: Path) -> bool:
    import webbrowser

    return webbrowser.open(place.as_uri())
