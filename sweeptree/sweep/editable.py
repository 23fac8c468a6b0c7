"""Editable installs (`pip install -e .`) that lead a job's imports into the user's checkout.

Hides: how such an install is written down (a `.pth` file with the folder, a finder module that
maps packages to folders, the user's own PYTHONPATH), and when PYTHONPATH cannot outrank it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.plan import simple_commands
from sweeptree.sweep.interpreters import environments

_VARIABLE = "PYTHONPATH"
_PACKAGES = ("lib/python3*/site-packages", "lib/python3*/dist-packages")
_IMPORTED = re.compile(r"\bimport ([A-Za-z_]\w*)")
_PLACE = re.compile(r"""['"](/[^'"\n]+)['"]""")
_GOES_FIRST = re.compile(r"meta_path\.insert\(\s*0")
_PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
_HERE = re.compile(r"^(?:\$PWD|\$\{PWD\}|\$\(pwd\)|`pwd`|\$\{?SWEEPTREE_WORKTREE\}?)/?")
_WITH_VALUE = ("X", "W")
_SETS = re.compile(rf"{_VARIABLE}=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Editable:
    """What leads the jobs' imports into the checkout.

    `folders`: below the repository, for PYTHONPATH; `fixed`: what PYTHONPATH cannot outrank, a
    sentence each.
    """

    folders: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    def out_of_reach(self, command: str) -> tuple[str, ...]:
        """Why this command may import from the checkout all the same, a sentence each."""
        if not self.folders and not self.fixed:
            return ()
        own = _ways_round(command, self.folders) if self.folders else []
        return (*self.fixed, *dict.fromkeys(own))


def find_editable(
    top: Path,
    commands: Iterable[str],
    environ: Mapping[str, str],
    is_committed: Callable[[str], bool],
) -> Editable:
    """What the environments of these commands hold that leads below `top`."""
    found = [
        install
        for prefix in environments(commands, environ, top)
        for install in _installs(prefix, os.path.realpath(top))
    ]
    found += [_Install(place) for place in _inherited(environ, os.path.realpath(top))]
    folders = dict.fromkeys(install.folder for install in found if not install.hook)
    fixed = [_hook_sentence(install) for install in found if install.hook]
    fixed += [_uncommitted(folder) for folder in folders if not is_committed(folder)]
    return Editable(tuple(filter(is_committed, folders)), tuple(dict.fromkeys(fixed)))


def import_path(top: Path, folders: Iterable[str], before: str = "") -> str:
    """PYTHONPATH with a worktree's own folders first; it goes before what is installed."""
    own = [os.path.normpath(top / folder) for folder in folders]
    return os.pathsep.join([*own, *([before] if before else [])])


@dataclass(frozen=True, slots=True)
class _Install:
    """One folder of the checkout that is imported from; `hook`: the module that outranks any
    path."""

    folder: str
    hook: str = ""


def _hook_sentence(install: _Install) -> str:
    return (
        f"{install.hook} imports from {install.folder} in your checkout, whatever PYTHONPATH says: "
        "install the project without -e, or let --setup install it in the worktree"
    )


def _uncommitted(folder: str) -> str:
    return (
        f"an editable install leads to {folder} in your checkout, which is not in the commit: "
        "install the project without -e, or let --setup install it in the worktree"
    )


def _installs(prefix: Path, top: str) -> Iterator[_Install]:
    """Where the editable installs of an environment lead to, below `top`."""
    inside = os.path.realpath(prefix)
    for site in (found for pattern in _PACKAGES for found in prefix.glob(pattern)):
        for file in sorted(site.glob("*.pth")):
            lines = _read(file).splitlines()
            for place, hook in _places(site, lines):
                folder = _below(place, top)
                if folder and not Path(place).is_relative_to(inside):
                    yield _Install(folder, hook)


def _places(site: Path, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The real paths that the lines of a .pth file name, with the hook that leads there first."""
    for line in map(str.strip, lines):
        if line.startswith(("import ", "import\t")):
            for module in _IMPORTED.findall(line):
                yield from _mapped(site / f"{module}.py")
        elif line and not line.startswith("#"):
            yield os.path.realpath(site / line), ""


def _mapped(finder: Path) -> Iterator[tuple[str, str]]:
    text = _read(finder)
    hook = finder.name if _GOES_FIRST.search(text) else ""
    for place in _PLACE.findall(text):
        yield os.path.realpath(place if hook else Path(place).parent), hook


def _inherited(environ: Mapping[str, str], top: str) -> Iterator[str]:
    """Folders of the checkout that the user's own PYTHONPATH names."""
    for place in environ.get(_VARIABLE, "").split(os.pathsep):
        if place.startswith("/") and (folder := _below(os.path.realpath(place), top)):
            yield folder


def _below(place: str, top: str) -> str:
    """The path below `top`, `.` for itself; empty for one elsewhere, or in one of our worktrees."""
    if not Path(place).is_relative_to(top):
        return ""
    folder = os.path.relpath(place, top)
    return "" if folder.split("/")[0] == ".sweeptree" else folder


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _ways_round(command: str, folders: Sequence[str]) -> Iterator[str]:
    """How a command escapes the PYTHONPATH that it is given."""
    names = ", ".join(folders)
    for words in simple_commands(command):
        option = _isolating_option(words)
        if option:
            yield f"python {option} ignores PYTHONPATH: {names} is imported from your checkout"
        if _sets_its_own(words, folders):
            yield (
                f"the command sets a PYTHONPATH of its own, without {names} of the worktree: "
                "it is imported from your checkout (end it with :$PYTHONPATH)"
            )


def _isolating_option(words: Sequence[str]) -> str:
    """-I or -E among the options of a Python."""
    place = next((n for n, word in enumerate(words) if _PYTHON.fullmatch(word)), len(words))
    following = iter(words[place + 1 :])
    for word in following:
        if not word.startswith("-") or word.startswith("--") or word == "-":
            return ""
        letters = re.split("[cm]", word[1:], maxsplit=1)[0]
        if "I" in letters or "E" in letters:
            return word
        if letters != word[1:]:
            return ""  # -c or -m: what follows is the program's
        if letters in _WITH_VALUE:
            next(following, None)
    return ""


def _sets_its_own(words: Sequence[str], folders: Sequence[str]) -> bool:
    if _VARIABLE in words and ("unset" in words or "-u" in words):
        return True
    if "env" in words and ({"-i", "-"} & set(words)):
        return True
    values = [match[1] for match in map(_SETS.fullmatch, words) if match]
    return bool(values) and not _covers(values[-1], folders)


def _covers(value: str, folders: Sequence[str]) -> bool:
    """Whether a value keeps what was there, or names these folders of the worktree itself."""
    if f"${_VARIABLE}" in value or f"${{{_VARIABLE}" in value:
        return True
    named = {os.path.normpath(_HERE.sub("", place) or ".") for place in value.split(os.pathsep)}
    return set(folders) <= named
