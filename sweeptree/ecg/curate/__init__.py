"""The Data Curator: PTB-XL, verified, into data/processed. `curate(spec)` does it all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeptree.ecg.extra import lazily

if TYPE_CHECKING:
    from sweeptree.ecg.curate.curator import curate as curate

__all__ = ["curate"]
__getattr__ = lazily({"curate": "curate.curator"})
