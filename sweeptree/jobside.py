"""What a training script may call: `from sweeptree import log`. Standard library only.

A script without sweeptree in its environment appends the same JSON lines to the file
$SWEEPTREE_METRICS.
"""

from __future__ import annotations

import json
import os
from typing import SupportsFloat


def log(*, step: int | None = None, **values: SupportsFloat) -> None:
    """Report metrics: `log(step=3, val_auc=0.91)` appends one line to $SWEEPTREE_METRICS.

    Takes all that `float()` takes (tensors of one element too). Does nothing outside a sweep, and
    in all but the first process of a distributed job (RANK). Raises TypeError or ValueError for
    what is no number.
    """
    path = os.environ.get("SWEEPTREE_METRICS")
    if not path or os.environ.get("RANK", "0") != "0":
        return
    point: dict[str, float] = {} if step is None else {"step": int(step)}
    point.update((name, float(value)) for name, value in values.items())
    line = json.dumps(point, separators=(",", ":")).encode() + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(file, line)
    finally:
        os.close(file)
