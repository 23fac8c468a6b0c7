"""A host that ssh leads to and that a sweep may use: this machine, in a home of its own."""

from __future__ import annotations

import json
import sys

from core.hosts.ssh_kit import FarSide
from sweeptree.hosts.inventory import Entry
from sweeptree.hosts.setting_up import ours
from sweeptree.hosts.setting_up.environment import wanted
from sweeptree.hosts.setting_up.probe import look
from sweeptree.hosts.ssh import Master
from sweeptree.hosts.values import Gpu, Host

GPUS = (Gpu("GPU-a", 0, "H200", 24576), Gpu("GPU-b", 1, "H200", 24576))


def host_of(far: FarSide) -> Host:
    """The host, with the Python of these tests as its environment's."""
    home = far.home / ".sweeptree"
    return Host("gpu2", "ada@gpu2", str(home), sys.executable)


def entry_of(far: FarSide, gpus: tuple[Gpu, ...] = ()) -> Entry:
    """The host as it was added, with a note of an environment that works."""
    host = host_of(far)
    with Master(far.target) as master:
        facts = look(master, host.home)
    want = wanted(host.name, facts)
    folder = far.home / ".sweeptree" / "env" / want.digest
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(want.base.path)
    note = {
        "digest": want.digest,
        "version": ours.version(),
        "python_version": want.base.version,
        "packages": want.platform.digest,
    }
    (folder / "made.json").write_text(json.dumps(note))
    return Entry(
        host=host,
        version=ours.version(),
        digest=want.digest,
        python_version=want.base.version,
        slots=2,
        gpu_memory=tuple(gpu.memory for gpu in gpus),
        gpus=gpus,
    )
