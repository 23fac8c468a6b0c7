"""Makes an environment on the host: python -I -S -c THIS_TEXT VERB HOME ..., an archive on stdin.

packages HOME DIGEST SHA256             unpacks the packages of a lock into HOME/packages/DIGEST
environment HOME DIGEST PACKAGES NOTE   makes HOME/env/DIGEST, with this Python and those packages

What is made stands aside until it is whole, and is then renamed; a second call finds it. Standard
library of Python 3.11 or newer.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What a lane starts with. Importing it compiles what it is made of, and says whether it works.
FIRST_IMPORTS = "import prefect.engine, prefect.flows, sweeptree.flows.sweep, sweeptree.cli.app"
ASK_BUILD = "import sys; print(sys.version)"


class Input(io.BufferedIOBase):
    """Standard input, hashed while it is read."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        data = sys.stdin.buffer.read(-1 if size is None else size)
        self.hash.update(data)
        return data

    def digest(self) -> str:
        """The hash of all of it."""
        while self.read(1 << 20):
            pass
        return self.hash.hexdigest()


def packages(home: Path, digest: str, wanted: str) -> None:
    """Unpack standard input, and believe it only when its hash is the wanted one."""
    target = home / "packages" / digest
    with alone(home):
        if target.is_dir():
            return
        with aside(target) as folder:
            source = Input()
            unpack(source, folder)
            if source.digest() != wanted:
                raise SystemExit("what arrived is not what was sent: try again")


def environment(home: Path, digest: str, packages_digest: str, note: str) -> None:
    """Make the environment, compile what it starts with, and put its note into it last."""
    target = home / "env" / digest
    made = {**json.loads(note), "digest": digest}
    with alone(home):
        if is_whole(target, made):
            return
        with aside(target) as folder:
            make = ["-I", "-m", "venv", "--without-pip"]
            run(sys.executable, *make, str(folder))
            (site,) = folder.glob("lib/python3*/site-packages")
            library = home / "packages" / packages_digest
            (site / "sweeptree-packages.pth").write_text(f"{library}\n")
            unpack(Input(), site)
            python = folder / "bin" / "python"
            run(str(python), "-P", "-c", FIRST_IMPORTS)
            note_file = folder / "made.json"
            note_file.write_text(json.dumps(made))


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """One call at a time makes things below a home."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "setting-up.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def aside(target: Path) -> Iterator[Path]:
    """A new folder beside `target` that takes its place at the end; nothing stays of a failure."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder
        shutil.rmtree(target, ignore_errors=True)  # an environment whose Python has changed
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_whole(target: Path, made: dict[str, str]) -> bool:
    """Whether the environment is there as its note should say, and its Python is this very one."""
    python = target / "bin" / "python"
    ask = [str(python), "-I", "-c", ASK_BUILD]
    note_file = target / "made.json"
    try:
        note = json.loads(note_file.read_text())
        done = subprocess.run(ask, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except (OSError, ValueError):
        return False
    is_same_python = done.stdout.strip() == sys.version.strip()
    return bool(note == made and is_same_python)


def unpack(source: Input, folder: Path) -> None:
    """Unpack a compressed tar that comes as a stream; nothing of it may lead out of the folder."""
    with tarfile.open(fileobj=source, mode="r|gz") as tar:
        for member in tar:
            if is_inside(member):
                tar.extract(member, folder, set_attrs=False)
                set_mode(member, folder)


def is_inside(member: tarfile.TarInfo) -> bool:
    """Whether it is a plain file or folder whose name stays inside."""
    path = Path(member.name)
    is_plain = member.isfile() or member.isdir()
    return is_plain and not path.is_absolute() and ".." not in path.parts


def set_mode(member: tarfile.TarInfo, folder: Path) -> None:
    """Keep that a file can be executed; nothing else of another machine's modes."""
    can_be_run = member.mode & 0o100
    if member.isfile() and can_be_run:
        path = folder / member.name
        path.chmod(0o755)


def run(*argv: str) -> None:
    """Run a command; its complaint is ours."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr or done.stdout
        lines = [f"{argv[0]}: exit code {done.returncode}", *said.strip().splitlines()]
        raise SystemExit(lines[-1])


def main(verb: str, home: str, *words: str) -> None:
    """Do one of the two; an error is one line on stderr."""
    try:
        if verb == "packages":
            packages(Path(home), *words)
        else:
            environment(Path(home), *words)
    except (OSError, tarfile.TarError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SystemExit(f"{home}: {reason}") from None


if __name__ == "__main__":
    main(*sys.argv[1:])
