"""How much code is loaded at once."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def much_at_once() -> Iterator[None]:
    """Import large libraries without collecting cyclic garbage: a tenth of the time, for nothing.

    What has been loaded is exempt from later collections too.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
