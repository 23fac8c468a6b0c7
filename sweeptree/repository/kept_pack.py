"""New objects that outlive a `git gc --prune=now` beside us, until a ref leads to them.

Hides: that gc looks at the refs first and deletes minutes later, so that a ref made in between
protects nothing; that it deletes loose objects and packs, but no pack with a `.keep` file.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sweeptree.errors import GitError
from sweeptree.repository import plumbing
from sweeptree.system.files import flush

Made = TypeVar("Made")
_OURS = "sweeptree makes a ref to these objects\n"
_STALE_SECONDS = 3600.0  # a ref is made within seconds
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A place for new objects, beside those of the repository, that no gc looks into."""

    top: Path
    objects: Path
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The variables by which git writes there, and reads here too."""
        return {
            "GIT_OBJECT_DIRECTORY": str(self.folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(str(self.objects)),
        }

    @contextlib.contextmanager
    def released(self, commit: str, base: str) -> Iterator[None]:
        """Move what a commit adds to its base into the repository, and keep it from every gc while
        its ref is made.

        Raises GitError when some of it was there before, and is gone now.
        """
        with tempfile.TemporaryDirectory(prefix="new-", dir=self.folder) as new:
            name = self._packed(f"{commit}\n^{base}\n", Path(new, "pack"))
            keep = self.objects / "pack" / f"{name}.keep"
            keep.parent.mkdir(exist_ok=True)
            keep.write_text(_OURS)
            try:
                _move(Path(new), keep.parent)
                yield
            finally:
                keep.unlink(missing_ok=True)

    def _packed(self, revisions: str, place: Path) -> str:
        """Write the pack; its name without a suffix."""
        words = ("pack-objects", "--revs", "--quiet", str(place))
        call = plumbing.Call(revisions.encode(), self.env)
        answer = plumbing.run(self.top, *plumbing.DURABLE, *words, call=call)
        return f"pack-{answer.decode().strip()}"


@contextlib.contextmanager
def quarantine(top: Path) -> Iterator[Quarantine]:
    """A place for the objects of a commit that is to be made."""
    words = ("rev-parse", "--path-format=absolute", "--git-path", "objects")
    objects = Path(plumbing.text(top, *words))
    with tempfile.TemporaryDirectory(prefix="sweeptree-new-", dir=objects) as folder:
        yield Quarantine(top, objects, Path(folder))


def _quoted(path: str) -> str:
    """As git reads a path in a list that colons separate."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        path = path.replace(plain, escaped)
    return f'"{path}"'


def _move(folder: Path, packs: Path) -> None:
    """The index last, for with it git takes the pack as there; all of it on disk before the ref."""
    for file in sorted(folder.iterdir(), key=lambda file: file.suffix == ".idx"):
        flush(file)
        file.rename(packs / file.name)
    flush(packs)


def made_whole(make: Callable[[], Made]) -> Made:
    """Make a commit and its ref, again where a gc took objects of it meanwhile.

    The last failure is raised.
    """
    for _ in range(_TRIES - 1):
        with contextlib.suppress(GitError):
            return make()
    return make()


def forget_stale(common_dir: Path) -> list[str]:
    """Take away the `.keep` files that killed commands left; the names of their packs."""
    found = []
    for keep in sorted((common_dir / "objects" / "pack").glob("pack-*.keep")):
        with contextlib.suppress(OSError):
            is_old = time.time() - keep.stat().st_mtime > _STALE_SECONDS
            if is_old and keep.read_text(errors="replace") == _OURS:
                keep.unlink()
                found.append(keep.stem)
    return found
