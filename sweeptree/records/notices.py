"""What somebody who watches a sweep should know beside its jobs: a host that is away, a full disk.

One line each, appended; nothing depends on them.
"""

from __future__ import annotations

import contextlib
import json
import os

from sweeptree.records.paths import SweepPaths
from sweeptree.system.clock import utc_now

_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def add_notice(paths: SweepPaths, text: str) -> None:
    """Append a sentence, with the time. Where it cannot be written, it is not."""
    line = json.dumps({"at": utc_now(), "text": text}, ensure_ascii=False)
    with contextlib.suppress(OSError):
        file = os.open(paths.notices, _OPEN, 0o644)
        try:
            os.write(file, line.encode() + b"\n")
        finally:
            os.close(file)
