"""results/<sweep>/ → report.html: one file that shows what a sweep came to, without a network.

    write_report(paths, document)   the page of an aggregated document (with its jobs)
    try_report(paths, document)     the same where a missing page must cost nothing: says why
    render(paths, document)         the page's bytes; the same records give the same bytes
    draw_figure(paths, document, out)   one of its charts as PDF, SVG or PNG

Hides: jinja2, matplotlib, SVG, and what is left out so that a sweep of 10,000 jobs has a small page
too.
"""

from __future__ import annotations

from pathlib import Path

from sweeptree.analysis.document import Document
from sweeptree.errors import SweeptreeError
from sweeptree.records import SweepPaths
from sweeptree.system.files import write_bytes

__all__ = ["draw_figure", "render", "try_report", "write_report"]


def render(paths: SweepPaths, document: Document) -> bytes:
    """The page of a document; sweep.json and the jobs' metrics are read beside it."""
    from sweeptree.report.page import page

    return page(paths, document)


def write_report(paths: SweepPaths, document: Document, out: Path | None = None) -> Path:
    """Write the page and return where it stands.

    Raises SweeptreeError when it cannot be written.
    """
    target = paths.report if out is None else out
    data = render(paths, document)
    try:
        write_bytes(target, data, durable=False)
    except OSError as error:
        raise SweeptreeError(
            f"{target} cannot be written: {error.strerror}; the records are complete",
            hint=f"sweeptree report {paths.root.name} --out FILE   writes it elsewhere",
        ) from error
    return target


def draw_figure(paths: SweepPaths, document: Document, out: Path) -> Path:
    """One of the page's charts for a paper: which and how, `out`'s name says (`fig-curves.pdf`).

    Raises UsageError for another name, Refused where what it takes is missing.
    """
    from sweeptree.report.figures import write_figure

    return write_figure(paths, document, out)


def try_report(paths: SweepPaths, document: Document) -> str | None:
    """Write the page; one line about what went wrong, or None.

    Never raises: the page is only a picture.
    """
    try:
        write_report(paths, document)
    except Exception as error:  # whatever it is, it must not cost the sweep
        again = f"sweeptree report {paths.root.name}"
        return f"report.html was not written: {_reason(error)}.  To try again:  {again}"
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, SweeptreeError):
        return error.message
    return f"{type(error).__name__}: {error}"
