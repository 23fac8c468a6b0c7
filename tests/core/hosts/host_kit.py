"""A host that is another folder of this machine: commands and git reach it as they would by ssh."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.hosts.remote import Site
from sweeptree.hosts.values import Host

_SSH = """\
#!/bin/sh
while [ "$1" = -o ] || [ "$1" = -p ]; do shift 2; done
shift
cd "{home}" || exit 255
HOME="{home}" GIT_CONFIG_GLOBAL="{home}/.gitconfig" PATH="{path}" exec /bin/sh -c "$*"
"""


@dataclass
class Ended:
    rc: int
    out: bytes
    err: str


class LocalRemote:
    """Runs everything here, in a home of its own. `path` is the PATH that git finds there."""

    def __init__(self, home: Path, path: str | None = None) -> None:
        self.home = home
        script = home.parent / f"{home.name}-ssh"
        script.write_text(_SSH.format(home=home, path=path or os.environ["PATH"]))
        script.chmod(0o755)
        self.shell = (str(script),)

    def _options(self) -> dict:
        env = {**os.environ, "HOME": str(self.home)}
        env["GIT_CONFIG_GLOBAL"] = str(self.home / ".gitconfig")
        return {"cwd": self.home, "env": env}

    def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes | None = None,  # noqa: A002 - as subprocess has it
        timeout: float | None = None,
    ) -> Ended:
        done = subprocess.run(
            argv, input=input or b"", capture_output=True, timeout=timeout, **self._options()
        )
        return Ended(done.returncode, done.stdout, done.stderr.decode())

    def start(self, argv: Sequence[str]) -> subprocess.Popen:
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, **self._options())


def make_site(folder: Path, **facts: str) -> Site:
    """A host below `folder` with nothing on it."""
    path = facts.pop("path", None)
    home = folder / "host home"
    home.mkdir(parents=True)
    host = Host("gpu2", "user@gpu2", str(home / ".sweeptree"), sys.executable, **facts)
    return Site(host, LocalRemote(home, path))
