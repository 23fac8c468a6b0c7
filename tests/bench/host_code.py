"""An incremental change, brought to a host of this machine (a namespace with a real sshd), against
git by hand over the same kind of connection.

Each round commits one changed file in a repository of 20 or of 5,000 files. `all_s` is with what
jobs get beside the commit: submodules, large files, the set-up command, files of .worktreeinclude.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from sweeptree.hosts.code.commits import send_commit
from sweeptree.hosts.code.sending import send, wanted_beside
from sweeptree.hosts.inventory import Inventory
from sweeptree.hosts.remote import Site
from sweeptree.hosts.ssh import Master, Target
from sweeptree.repository import find_repository, resolve_base
from tests.bench import repos
from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.lanes import led_to
from tests.hosts.rig import Rig, lacks

_WHO = {
    f"GIT_{role}_{part}": "bench@example.invalid"
    for role in ("AUTHOR", "COMMITTER")
    for part in ("NAME", "EMAIL")
}


def run(lab: Lab) -> None:
    """Nine rounds for each repository; one host."""
    if why_not := lacks():
        print(f"\nhost_code: left out: {why_not}")
        return
    with Rig(lab.place("rig")) as rig, led_to(rig, lab) as led:
        rig.add("gpu1", gpus=1)
        argv = [SWEEPTREE, "hosts", "add", "gpu1"]
        subprocess.run(argv, env=led.env, cwd=led.repo(), check=True, capture_output=True)
        host = next(iter(Inventory(led.home).chosen(("all",)))).host
        with Master(Target.of(host, rig.ssh_config)) as master:
            shapes = (repos.SMALL, repos.MEDIUM)
            rows = [_row(led, shape, Site(host, master)) for shape in shapes]
        led.report("host_code", rows, note="one changed file committed and brought to a host")


def _row(lab: Lab, shape: repos.Shape, site: Site) -> dict[str, object]:
    top = lab.repo(shape)
    repo = find_repository(top)
    byhand = f"{site.host.address}:{site.host.home}/by-hand-{shape.name}.git"
    git = {**lab.env, **_WHO, "GIT_SSH_COMMAND": site.remote.ssh_command()}
    site.remote.run(["git", "init", "-q", "--bare", byhand.partition(":")[2]])

    def ours(commit: str) -> None:
        send_commit(repo, commit, site)

    def plain(commit: str) -> None:
        argv = ["git", "push", "-q", byhand, f"{commit}:refs/heads/work"]
        subprocess.run(argv, cwd=top, env=git, check=True)

    def whole(commit: str) -> None:
        base = resolve_base(repo, commit)
        send(repo, commit, site, wanted_beside(repo, base, (), ()))

    ways = {"commit_s": ours, "all_s": whole, "git_push_s": plain}
    spans: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(lab.size(10, 3)):
        for name, way in ways.items():
            spans[name].append(_span(way, top, git))
    medians = {name: statistics.median(found[1:]) for name, found in spans.items()}
    longest = max(spans["all_s"][1:])
    return {"repository": f"{shape.files} files", **medians, "longest_all_s": longest}


def _span(send: Callable[[str], None], top: Path, env: dict[str, str]) -> float:
    commit = _changed(top, env, os.getpid() + time.monotonic_ns())
    began = time.monotonic()
    send(commit)
    return time.monotonic() - began


def _changed(top: Path, env: dict[str, str], mark: int) -> str:
    """A new commit with one changed file."""
    (top / repos.MARK).write_text(f"# {mark}\n")
    for words in (["commit", "-q", "-a", "-m", "change"], ["rev-parse", "HEAD"]):
        done = subprocess.run(["git", *words], cwd=top, env=env, check=True, capture_output=True)
    return done.stdout.decode().strip()
