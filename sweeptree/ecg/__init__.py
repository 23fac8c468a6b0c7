"""PTB-XL curation and diagnostic evaluation (extra `ecg`). The core never imports it.

`load(folder)` opens what was curated. `curate` and `evaluate`, the two agents' work as plain
functions, are the doors of the rooms that bear their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeptree.ecg.extra import lazily

if TYPE_CHECKING:
    from sweeptree.ecg.dataset import Dataset as Dataset
    from sweeptree.ecg.dataset import load as load
    from sweeptree.ecg.evaluate.spec import EvaluateSpec as EvaluateSpec
    from sweeptree.ecg.manifest import CurateSpec as CurateSpec
    from sweeptree.ecg.manifest import Manifest as Manifest

__all__ = ["CurateSpec", "Dataset", "EvaluateSpec", "Manifest", "load"]
__getattr__ = lazily(
    {
        "CurateSpec": "manifest",
        "Dataset": "dataset",
        "EvaluateSpec": "evaluate.spec",
        "Manifest": "manifest",
        "load": "dataset",
    }
)
