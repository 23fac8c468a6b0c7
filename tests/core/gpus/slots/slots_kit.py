"""What the tests of GPU slots share: devices, waiting with a deadline, another process."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sweeptree
from sweeptree.gpus import slots

SOURCE = str(Path(sweeptree.__file__).parent.parent)
BARE = [sys.executable, "-I", "-S", "-c"]


def gpus(number: int, kind: str = "GPU") -> list[dict[str, Any]]:
    """Devices in the form that a keeper is given them."""
    return [
        {"uuid": f"{kind}-{n:08x}-0000-4000-8000-000000000000", "index": n} for n in range(number)
    ]


A, B, C = gpus(3)


def until(condition: Callable[[], Any]) -> Any:
    """Poll until the condition holds, and return it."""
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited for 60 s"
        time.sleep(0.002)
    return value


OTHER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from sweeptree.gpus import slots
ticket = slots.enqueue(sys.argv[2], "other")
devices = [{"uuid": u, "index": 0} for u in sys.argv[3].split(",")]
claim = ticket.try_claim(devices, int(sys.argv[4]))
print("holds" if claim else "waits", flush=True)
os.read(0, 1)
"""


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()


Device = dict[str, Any]
Take = Callable[..., slots.Claim | None]
UUID = "GPU-fa4e{0:04x}-0000-4000-8000-{0:012x}"


def gpu(number: int, memory: int = 40960) -> Device:
    return {"uuid": UUID.format(number), "index": number, "memory_total": memory}


STRANGER = "proc gpu=0 pid=1 mem=300"


def uuids(claim: slots.Claim | None) -> tuple[str, ...] | None:
    return claim.uuids if claim else None


CARDS = tuple(gpu(n) for n in range(4))
