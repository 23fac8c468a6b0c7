"""A host that is another folder of this machine: commands and git reach it as they would by ssh."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sweeptree.hosts.remote import Site
from sweeptree.hosts.ssh import Target
from sweeptree.hosts.values import Host

CONFIG = Path("/etc/ssh/lab")  # what ssh would be told to read

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
    err: bytes


class LocalStream:
    def __init__(self, process: subprocess.Popen, said: IO[bytes]) -> None:
        self.process, self.stdin, self.stdout, self._said = (
            process,
            process.stdin,
            process.stdout,
            said,
        )

    def poll(self) -> int | None:
        return self.process.poll()

    def said(self) -> str:
        self._said.seek(0)
        return self._said.read().decode()


class LocalRemote:
    """Runs everything here, in a home of its own. `path` is the PATH that git finds there.

    `streams`: the processes of its streams, for tests that cut the cable.
    """

    def __init__(self, home: Path, path: str | None = None) -> None:
        self.home = home
        self.streams: list[subprocess.Popen] = []
        self._script = home.parent / f"{home.name}-ssh"
        self._script.write_text(_SSH.format(home=home, path=path or os.environ["PATH"]))
        self._script.chmod(0o755)

    def _options(self) -> dict:
        env = {**os.environ, "HOME": str(self.home)}
        env["GIT_CONFIG_GLOBAL"] = str(self.home / ".gitconfig")
        return {"cwd": self.home, "env": env}

    def run(
        self,
        argv: Sequence[str],
        input: bytes | None = None,  # noqa: A002 - subprocess' own word
        timeout: float | None = None,
    ) -> Ended:
        done = subprocess.run(
            argv, input=input or b"", capture_output=True, timeout=timeout, **self._options()
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def stream(self, argv: Sequence[str]) -> Iterator[LocalStream]:
        pipe = subprocess.PIPE
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                argv, stdin=pipe, stdout=pipe, stderr=said, **self._options()
            )
            self.streams.append(process)
            try:
                yield LocalStream(process, said)
            finally:
                process.kill()
                process.wait()
                for stream in (process.stdin, process.stdout):
                    with suppress(OSError):
                        stream.close()

    def ssh_command(self) -> str:
        return shlex.quote(str(self._script))

    def typed(self, *words: str) -> str:
        return Target("gpu2", "user@gpu2", config=CONFIG).typed(*words)


def make_site(folder: Path, **facts: str) -> Site:
    """A host below `folder` with nothing on it."""
    path = facts.pop("path", None)
    home = folder / "host home"
    home.mkdir(parents=True)
    host = Host("gpu2", "user@gpu2", str(home / ".sweeptree"), sys.executable, **facts)
    return Site(host, LocalRemote(home, path))
