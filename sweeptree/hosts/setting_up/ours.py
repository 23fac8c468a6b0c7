"""This very sweeptree as files to send: the package, what pip would know of it, and its lock.

Hides: that the package may be a checkout with links in it, or an installed wheel, and that both
give the same files.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import sweeptree

_PACKAGE = Path(sweeptree.__file__).parent
_LEFT_OUT = ("__pycache__",)


def version() -> str:
    """The version of this sweeptree."""
    return sweeptree.__version__


def lock() -> Path:
    """The versions and hashes of all that sweeptree needs, for every Python that it runs with."""
    return _PACKAGE / "requirements.txt"


def digest() -> str:
    """Tells this sweeptree from one with other files, of the same version or not."""
    found = hashlib.sha256()
    for name, path in files():
        data = path.read_bytes()
        found.update(f"{name}\0{len(data)}\0".encode())
        found.update(data)
    return found.hexdigest()


def files() -> Iterator[tuple[str, Path]]:
    """Each file of the package with its name below site-packages, sorted; links are followed."""
    found: list[tuple[str, Path]] = []
    for folder, folders, names in os.walk(_PACKAGE, followlinks=True):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            path = Path(folder) / name
            if path.suffix == ".pyc":
                continue
            below = path.relative_to(_PACKAGE)
            found.append((f"sweeptree/{below.as_posix()}", path))
    yield from sorted(found)


def archive() -> bytes:
    """The package and its dist-info as a compressed tar, for a folder of packages."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=3) as tar:
        for name, path in files():
            _add(tar, name, path.read_bytes())
        info = f"sweeptree-{version()}.dist-info"
        for name, text in _known_to_pip().items():
            data = text.encode()
            _add(tar, f"{info}/{name}", data)
    return target.getvalue()


def _known_to_pip() -> dict[str, str]:
    """What importlib.metadata reads: Prefect looks for versions and entry points there."""
    try:
        known = distribution("sweeptree")
    except PackageNotFoundError:  # run from a checkout that was never installed
        lines = ["Metadata-Version: 2.1", "Name: sweeptree", f"Version: {version()}", ""]
        return {"METADATA": "\n".join(lines)}
    names = ("METADATA", "entry_points.txt")
    texts = {name: known.read_text(name) for name in names}
    return {name: text for name, text in texts.items() if text}


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    tar.addfile(member, io.BytesIO(data))
