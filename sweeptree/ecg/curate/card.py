"""DATASET_CARD.md: what the dataset is, what was left out and why, licence and citations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sweeptree.ecg import ptbxl
from sweeptree.ecg.manifest import Manifest
from sweeptree.ecg.wording import counted

_SHOWN = 20


def card(manifest: Manifest, supers: Mapping[str, int], summary: Sequence[str]) -> bytes:
    """The card. `supers`: records per superclass; `summary`: the findings for a person."""
    parts = [
        _head(manifest),
        _contents(manifest),
        _classes(supers),
        _left_out(manifest),
        _findings(summary),
        _terms(),
    ]
    return ("\n\n".join(parts) + "\n").encode()


def _head(m: Manifest) -> str:
    table = (
        "the published table, byte for byte"
        if m.official_table
        else "a table that differs from the published one"
    )
    rates = " and ".join(f"{rate} Hz" for rate in m.rates)
    return (
        f"# {m.dataset}, curated\n\n"
        f"Version by content: **{m.version}** ({table}). Source: {m.source}. "
        f"Signals at {rates}; task: {m.task}.\n"
        f"Fold digest: `{m.fold_digest}`."
    )


def _contents(m: Manifest) -> str:
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in m.counts.items())
    return (
        f"## Counts\n\n| what | how many |\n| --- | ---: |\n{rows}\n\n"
        "Split by the authors' folds, which respect patients: 1-8 train, 9 val, 10 test. "
        "No split was changed."
    )


def _classes(supers: Mapping[str, int]) -> str:
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in supers.items())
    return (
        f"## Diagnostic superclasses\n\n| class | records |\n| --- | ---: |\n{rows}\n\n"
        "A record may have several or none. A code counts whatever its likelihood: "
        "0 means unknown, not absent."
    )


def _left_out(m: Manifest) -> str:
    if not m.quarantine:
        return "## Left out\n\nNothing."
    lines = [f"* ecg {ecg_id}: {', '.join(checks)}" for ecg_id, checks in m.quarantine.items()]
    shown = lines[:_SHOWN]
    if len(lines) > _SHOWN:
        shown.append(f"* and {len(lines) - _SHOWN} more, in manifest.json and validation.csv")
    return f"## Left out\n\n{counted(len(lines), 'record')}:\n\n" + "\n".join(shown)


def _findings(summary: Sequence[str]) -> str:
    if not summary:
        return "## Findings\n\nNone."
    return "## Findings\n\n```\n" + "\n".join(summary) + "\n```"


def _terms() -> str:
    cites = "\n".join(f"* {text}" for text in ptbxl.CITATIONS)
    return (
        "## Licence and citation\n\n"
        "PTB-XL is licensed under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). "
        "Changes made: signals were repacked as arrays without change of value; labels were turned "
        "into columns; ages above 89 are written as 90; the records above were left out.\n\n"
        f"{cites}"
    )
