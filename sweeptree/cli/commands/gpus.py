"""`sweeptree gpus`: the GPUs, who holds their slots, who waits."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sweeptree.cli.screens.terminal import Column, counted, printable, table, width, write_out

if TYPE_CHECKING:
    from sweeptree.gpus import Detection, GpuRow

_COLUMNS = (
    Column("gpu", right=True),
    Column("name", rank=1, flexible=True),
    Column("free", right=True),
    Column("busy", rank=2, right=True),
    Column("slot"),
    Column("held by", flexible=True),
    Column("waiting", rank=3, flexible=True),
    Column("uuid", rank=4),
)


def gpus(*, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """Show the GPUs that jobs may be given; without GPUs, how many cores are the slots.

    Parameters
    ----------
    as_json
        Print one JSON document.
    """
    from sweeptree.gpus import detect
    from sweeptree.gpus import table as rows_of
    from sweeptree.settings import Settings
    from sweeptree.sweep.shares import default_parallel

    detection = detect()
    rows = rows_of(detection, Settings().slot_dir) if detection.devices else []
    cores = default_parallel(detection, 0)
    if as_json:
        write_out(json.dumps(_document(detection, rows, cores), indent=1) + "\n")
    else:
        write_out("\n".join(_lines(detection, rows, cores)) + "\n")
    return 0


def _document(detection: Detection, rows: list[GpuRow], cores: int) -> dict[str, Any]:
    return {
        "driver": detection.driver,
        "why": detection.why,
        "skipped": list(detection.skipped),
        "gpus": [asdict(row) for row in rows],
        "slots": len(rows) or cores,
        "slots_are": "gpus" if rows else "cores",
    }


def _lines(detection: Detection, rows: list[GpuRow], cores: int) -> list[str]:
    skipped = [f"  skipped: {printable(text)}" for text in detection.skipped]
    if not rows:
        why = printable(detection.why or "none found")
        return [f"no GPU: {why}", *skipped, f"  the {cores} cores are the slots"]
    head = f"{counted(len(rows), 'GPU')}, driver {detection.driver or 'unknown'}"
    shown = table(_COLUMNS, [_row(row) for row in rows], width())
    return [head, *shown, *_reasons(rows), *skipped]


def _reasons(rows: list[GpuRow]) -> list[str]:
    """Why GPUs are not given out, and what helps."""
    lines = [
        f"  GPU {row.index} is {row.state}: {printable(row.reason)}" for row in rows if row.reason
    ]
    if any(row.state == "quarantined" for row in rows):
        lines.append(
            "  a restart of the machine, or sweeptree doctor --repair, "
            "gives a quarantined GPU out again"
        )
    return lines


def _row(row: GpuRow) -> list[str]:
    return [
        str(row.index),
        printable(row.name),
        f"{row.memory_free / 1024:.1f}/{row.memory_total / 1024:.0f} GB",
        "" if row.utilisation is None else f"{row.utilisation}%",
        row.state,
        printable(", ".join(row.holders)),
        printable(", ".join(row.waiters)),
        row.uuid,
    ]
