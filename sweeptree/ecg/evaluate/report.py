"""Reports: report.md, one self-contained report.html, and how values go into JSON and CSV.

Hides: how text is escaped. A value that does not exist is "n/a" in CSV and null in JSON.
"""

from __future__ import annotations

import base64
import csv
import html
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MD = str.maketrans({"|": "\\|", "\n": " ", "<": "&lt;", ">": "&gt;", "*": "\\*", "`": "'"})
_FORMULA = ("=", "+", "@", "-", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a report, with its title and what is to be said about it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A report before it is written: `lead` are the lines under the title."""

    title: str
    lead: Sequence[str]
    sections: Sequence[Section]


def clean(value: Any) -> Any:
    """The same value for JSON: NaN becomes null, numpy numbers and arrays become plain ones."""
    if isinstance(value, Mapping):
        return {str(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    if hasattr(value, "tolist"):
        return clean(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A CSV with the columns of the first row; full precision, n/a for what does not exist."""
    text = io.StringIO()
    columns = list(rows[0]) if rows else ["empty"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "n/a" if math.isnan(value) else f"{value:.10g}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"  # a spreadsheet would run it
    return value


def files_of(report: Report, figures: Mapping[str, bytes]) -> dict[str, bytes]:
    """report.md and report.html; `figures` are the files of the figures by name, SVG and PNG."""
    uris = {}
    for name, content in figures.items():
        if name.endswith(".svg"):
            encoded = base64.b64encode(content).decode()
            uris[name.removesuffix(".svg")] = f"data:image/svg+xml;base64,{encoded}"
    return {"report.md": _markdown(report, list(uris)), "report.html": _page(report, uris)}


def _markdown(report: Report, figures: Sequence[str]) -> bytes:
    parts = [f"# {_md(report.title)}", "\n".join(f"* {_md(line)}" for line in report.lead)]
    for section in report.sections:
        parts += _markdown_section(section)
    parts += [f"![{name}]({name}.png)" for name in figures]
    return ("\n\n".join(parts) + "\n").encode()


def _markdown_section(section: Section) -> list[str]:
    rule = ["---"] * len(section.columns)
    lines = [_markdown_row(cells) for cells in (section.columns, rule, *section.rows)]
    notes = [_md(note) for note in section.notes]
    return [f"## {section.title}", "\n".join(lines), *notes]


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_md(cell) for cell in cells) + " |"


def _md(text: str) -> str:
    """Text that Markdown shows as it is: no table cell, tag or link can be made with it."""
    return text.translate(_MD).replace("](", "]\\(")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title><style>
body{{font:15px/1.45 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;\
color:#1a1a1a;
background:#fff}}
table{{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}}
div.t{{overflow-x:auto;margin:.5rem 0 1rem}}
th,td{{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}}
th{{white-space:normal;vertical-align:bottom}}
th:first-child,td:first-child{{text-align:left}}
figure{{margin:1.2rem 0}}img{{max-width:100%;height:auto}}p.n{{color:#555;font-size:13px}}
@media print{{body{{margin:0;max-width:none}}figure{{break-inside:avoid}}}}
</style></head><body>
{body}
</body></html>
"""


def _page(report: Report, figures: Mapping[str, str]) -> bytes:
    """One file without links to others; `figures` are data URIs by name."""
    title = html.escape(report.title)
    lead = "".join(f"<li>{html.escape(line)}</li>" for line in report.lead)
    parts = [f"<h1>{title}</h1>", f"<ul>{lead}</ul>"]
    for section in report.sections:
        parts += _page_section(section)
    for name, uri in figures.items():
        parts.append(f'<figure><img alt="{html.escape(name)}" src="{uri}"></figure>')
    return _PAGE.format(title=title, body="\n".join(parts)).encode()


def _page_section(section: Section) -> list[str]:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in section.columns)
    body = "".join(_page_row(cells) for cells in section.rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    notes = [f'<p class="n">{html.escape(note)}</p>' for note in section.notes]
    return [f"<h2>{html.escape(section.title)}</h2>", f'<div class="t">{table}</div>', *notes]


def _page_row(cells: Sequence[str]) -> str:
    inner = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f"<tr>{inner}</tr>"
