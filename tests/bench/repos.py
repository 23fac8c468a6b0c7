"""Repositories to check out: the same call always gives the same commit.

Three quarters of the files are text, which compresses about threefold, one quarter is random bytes;
sizes are log-normal, so that the pack looks like code with some data files.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

WHO = "Bench <bench@example.invalid> 1700000000 +0000"
IGNORED = b"results/\n"


@dataclass(frozen=True, slots=True)
class Shape:
    """How many files a repository has, how large they are on average (bytes), how many share a
    folder."""

    name: str
    files: int
    mean: int
    per_folder: int


SMALL = Shape("small", 20, 4_000, 5)
MEDIUM = Shape("medium", 5_000, 6_000, 25)
LARGE = Shape("large", 20_000, 15_000, 50)
MARK = "pkg0/f00000.py"


def make(folder: Path, shape: Shape, env: dict[str, str]) -> Path:
    """Make the repository `folder` with one commit, and check it out."""
    _git(folder.parent, env, "init", "-q", "-b", "main", str(folder))
    with subprocess.Popen(
        ["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE, env=env
    ) as importer:
        assert importer.stdin is not None
        importer.stdin.write(
            b"commit refs/heads/main\ncommitter %s\ndata 5\nbench\n" % WHO.encode()
        )
        for path, data in chain(_files(shape), [(".gitignore", IGNORED)]):
            importer.stdin.write(
                b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(data)) + data + b"\n"
            )
    assert importer.returncode == 0
    _git(folder, env, "reset", "-q", "--hard", "main")
    return folder


def clone(source: Path, folder: Path, env: dict[str, str]) -> Path:
    """A clone with objects of its own, for a tool that changes the repository."""
    _git(source, env, "clone", "-q", "--no-hardlinks", str(source), str(folder))
    return folder


def _git(cwd: Path, env: dict[str, str], *words: str) -> None:
    subprocess.run(["git", *words], cwd=cwd, env=env, check=True)


def _files(shape: Shape) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(f"sweeptree-{shape.name}")
    words = [f"{chance.getrandbits(28):x}".encode() for _ in range(4000)]
    for number in range(shape.files):
        size = max(
            200, min(int(chance.lognormvariate(0, 1.0) * shape.mean * 0.61), 40 * shape.mean)
        )
        folder = f"pkg{number // shape.per_folder}"
        if number % 4 == 3:
            yield f"{folder}/f{number:05d}.bin", chance.randbytes(size)
        else:
            line = b" ".join(chance.choices(words, k=size // 8 + 1))
            yield (
                f"{folder}/f{number:05d}.py",
                b"\n".join(line[at : at + 72] for at in range(0, size, 72)) + b"\n",
            )
