"""Slots that are held, and how they are shown to a command."""

from __future__ import annotations

import os

from sweeptree.system import locks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sweeptree.gpus.slots.slot_files import Place


class Claim:
    """Slots that are held. The holder is this process: its death is a release.

    `environment` shows a command these devices and no others. `abandoned` names the owners that
    died without releasing one of these slots: what they had started may still run on the device.
    """

    __slots__ = ("_files", "_root", "abandoned", "environment", "uuids")

    def __init__(
        self, root: int, places: Sequence[Place], shown: str, abandoned: tuple[str, ...]
    ) -> None:
        self.uuids = tuple(place.uuid for place in places)
        self.environment = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": shown}
        self.abandoned = abandoned
        self._root = root
        self._files = [place.file for place in places]

    def release(self) -> None:
        """Free the slots at once, also when a forked child has inherited the files.

        A second call does nothing.
        """
        while self._files:
            file = self._files.pop()
            os.ftruncate(file, 0)
            locks.unlock(file)
            os.close(file)
            if not self._files:
                os.close(self._root)

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def visible(taken: Sequence[Place], devices: Sequence[Mapping[str, Any]], env_style: str) -> str:
    """The value of CUDA_VISIBLE_DEVICES; `env_style`: by "uuid" or by "index"."""
    index = {str(device["uuid"]): str(device["index"]) for device in devices}
    by_index = env_style == "index" and not any(place.uuid.startswith("MIG-") for place in taken)
    return ",".join(index[place.uuid] if by_index else place.uuid for place in taken)
