"""What stands beside the commit: a folder on the host that worktrees there take it from.

It holds copies of the files that `.worktreeinclude` names, and for each linked folder a link to
where that is on the host: data to `[hosts.NAME] data`, which is never copied, and environments to
what the host's set-up command made. Hides how the folder is named (by its content) and written.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.hosts.code.set_up import SetUp
from sweeptree.hosts.far.asking import Question, ask, pour
from sweeptree.hosts.remote import Site
from sweeptree.hosts.values import Host
from sweeptree.repository.commits import MAX_SNAPSHOT_FILE
from sweeptree.worktrees.links import DEFAULT_LINK, LinksAndCopies

_MARKS = ("pyvenv.cfg", "conda-meta")
_SHOWN = 16  # digits of a digest


@dataclass(frozen=True, slots=True)
class Wanted:
    """What worktrees here get beside the commit.

    `digests`: datasets that jobs are given, by their folder below the repository. `default_link`:
    where the host's data goes when nothing is linked here; empty when the commit has that.
    """

    planned: LinksAndCopies
    digests: Mapping[str, str] = field(default_factory=dict)
    default_link: str = DEFAULT_LINK


@dataclass(frozen=True, slots=True)
class _File:
    """A file to copy; `mode` as git has it: executable or not."""

    path: str
    mode: int
    data: bytes

    @property
    def facts(self) -> tuple[str, int, int, str]:
        """What the host is told of it."""
        digest = hashlib.sha256(self.data)
        size = len(self.data)
        return self.path, size, self.mode, digest.hexdigest()


def send_stand(wanted: Wanted, site: Site, made: SetUp | None) -> LinksAndCopies:
    """Make the folder on the host; what worktrees there are to get, as paths of the host.

    Raises Refused for data or an environment that the host does not have, for a dataset that
    differs, and for a file that is too large to be copied.
    """
    targets = link_targets(wanted, site.host, made)
    check_data(wanted, targets, site)
    files, links = _copies(wanted.planned)
    content = {
        "files": [file.facts for file in files],
        "links": {**links, **targets},
    }
    folder = site.place("included", _name(content))
    if _is_lacking(site, folder):
        request = {"verb": "folder", "folder": folder, **content}
        chunks = (file.data for file in files)
        pour(site, Question("put", request), chunks)
    copies = wanted.planned.copies
    return LinksAndCopies(Path(folder), Path(), tuple(targets), copies)


def _name(content: Mapping[str, object]) -> str:
    """A folder with the same content has the same name."""
    text = json.dumps(content, sort_keys=True)
    digest = hashlib.sha256(text.encode())
    return digest.hexdigest()[:24]


def _is_lacking(site: Site, folder: str) -> bool:
    request = {"verb": "lacks", "paths": [folder]}
    answer = ask(site, Question("put", request))
    return bool(answer["lacks"])


def link_targets(wanted: Wanted, host: Host, made: SetUp | None) -> dict[str, str]:
    """Where each linked folder is on the host. Raises Refused."""
    source = wanted.planned.source
    from_setup = _made_places(made)
    others = [link for link in wanted.planned.links if link not in from_setup]
    environments = [link for link in others if _is_environment(source / link)]
    if environments:
        raise _no_environment(environments[0], host.name)

    has_own = bool(host.data and wanted.default_link)
    data = others or [wanted.default_link] * has_own
    return {**from_setup, **_data_targets(data, host)}


def _made_places(made: SetUp | None) -> dict[str, str]:
    if made is None:
        return {}
    return {path: f"{made.top}/{path}" for path in made.paths}


def _data_targets(data: Sequence[str], host: Host) -> dict[str, str]:
    """One data folder is the host's; of several, each stands in it by its name."""
    if not data:
        return {}
    home = host.data
    if home is None:
        raise _no_data(data[0], host.name)
    if len(data) == 1:
        return {data[0]: home}
    return {link: f"{home.rstrip('/')}/{link}" for link in data}


def _is_environment(folder: Path) -> bool:
    marks = [folder / mark for mark in _MARKS]
    return any(mark.exists() for mark in marks)


def _no_environment(link: str, name: str) -> Refused:
    return Refused(
        f"jobs run in the environment {link}, which {name} does not have",
        hint=(
            f'in sweeptree.toml: [hosts.{name}] setup = "uv sync --no-install-project"',
            "or let each job make it: --setup 'uv sync'",
        ),
    )


def _no_data(link: str, name: str) -> Refused:
    return Refused(
        f"jobs get {link} as a link, and data is not copied: {name} does not say where it has it",
        hint=f'in sweeptree.toml: [hosts.{name}] data = "/the/folder/there"',
    )


def check_data(wanted: Wanted, targets: Mapping[str, str], site: Site) -> None:
    """Raise Refused where a linked folder is not on the host, or holds another dataset."""
    expected = dict(_datasets(wanted.digests, targets))
    folders = [*targets.values(), *expected]
    if not folders:
        return

    answer = ask(site, Question("data", {"folders": folders}))
    found = dict(zip(folders, answer["folders"], strict=True))
    for folder in targets.values():
        is_there, _ = found[folder]
        if not is_there:
            raise _missing(folder, site)
    for folder, digest in expected.items():
        _, theirs = found[folder]
        if theirs != digest:
            raise _other_data(folder, digest, theirs, site)


def _datasets(digests: Mapping[str, str], targets: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each dataset's folder on the host, with the digest that it has here."""
    for folder, digest in digests.items():
        path = Path(folder)
        for link, target in targets.items():
            if path.is_relative_to(link):
                place = Path(target, path.relative_to(link))
                yield str(place), digest


def _missing(folder: str, site: Site) -> Refused:
    look = site.remote.typed("ls", "-ld", folder)
    return Refused(f"{site.host.name} has no folder {folder}", hint=look)


def _other_data(folder: str, here: str, there: str | None, site: Site) -> Refused:
    host = site.host
    named = f"is {there[:_SHOWN]}" if there else "names no dataset"
    return Refused(
        f"the dataset here is {here[:_SHOWN]}, but {folder}/manifest.json on {host.name} {named}",
        hint=(
            f"rsync -a --checksum <the dataset here>/ {host.address}:{folder}/",
            f"or name the right folder: [hosts.{host.name}] data in sweeptree.toml",
        ),
    )


def _copies(planned: LinksAndCopies) -> tuple[list[_File], dict[str, str]]:
    """The files to copy, and links among them with where they lead."""
    files: list[_File] = []
    links: dict[str, str] = {}
    for path in planned.copies:
        file = planned.source / path
        if file.is_symlink():
            links[path] = os.fspath(file.readlink())
        else:
            files.append(_read(file, path))
    return files, links


def _read(file: Path, path: str) -> _File:
    seen = file.stat()
    if seen.st_size > MAX_SNAPSHOT_FILE:
        raise Refused(
            f"{path} of .worktreeinclude has {seen.st_size:,} bytes: too much to copy to hosts",
            hint="put it into the data folder: [hosts.NAME] data names where that stands",
        )
    return _File(path, stat.S_IMODE(seen.st_mode), file.read_bytes())
