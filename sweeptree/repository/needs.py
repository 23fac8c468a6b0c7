"""Which files of the checkout a command needs: those it names, and the modules that its scripts
import.

Hides: how a shell line is read for file names, and how Python finds modules. Reads only.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

_MAX_SOURCE = 1024 * 1024
_MAX_MODULES = 5000
_PYTHONPATH = "PYTHONPATH="
_SHELL = re.compile(r"""["'\\;&|()<>]""")


@dataclass(frozen=True, slots=True)
class Need:
    """A file of the checkout that jobs need.

    `by`: the script that imports it, or empty: a command names it.
    """

    path: str
    by: str = ""


@dataclass(slots=True)
class _Script:
    file: Path
    roots: tuple[Path, ...]


@dataclass(slots=True)
class _Search:
    """One search through a checkout: what was found, and what was looked at already."""

    top: Path
    found: dict[str, str] = field(default_factory=dict)
    seen: set[tuple[Path, tuple[Path, ...]]] = field(default_factory=set)


def needed_files(top: Path, cwd: Path, commands: Iterable[str]) -> list[Need]:
    """Files below `top` that the commands name or import, the imported ones first.

    The commands are started in `cwd`.
    """
    search = _Search(top)
    named: dict[str, None] = {}
    find = lru_cache(maxsize=None)(_file_named)  # ten thousand commands name the same few files
    for words in dict.fromkeys(tuple(_words(command)) for command in commands):
        command = _Command(cwd, find)
        command.read(words)
        named.update(dict.fromkeys(filter(None, (_inside(top, file) for file in command.files))))
        for script in command.scripts:
            _follow(search, script)
    imported = [Need(path, by) for path, by in search.found.items()]
    return imported + [Need(path) for path in named if path not in search.found]


def _words(command: str) -> list[str]:
    if not _SHELL.search(command):
        return command.split()
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return command.split()


def _file_named(cwd: Path, word: str) -> Path | None:
    file = cwd / word
    return Path(os.path.normpath(file)) if _is_file(file) else None


@dataclass(slots=True)
class _Command:
    """Reads the words of one command: the files it names, the scripts and modules it starts."""

    cwd: Path
    find: Callable[[Path, str], Path | None]
    paths: tuple[Path, ...] = ()
    files: list[Path] = field(default_factory=list)
    scripts: list[_Script] = field(default_factory=list)

    def read(self, words: tuple[str, ...]) -> None:
        """Take the words one after the other."""
        for before, word in pairwise(("", *words)):
            if before == "cd":
                self.cwd = self.cwd / word
            elif before == "-m":
                self.scripts.append(_Script(self.cwd / f"-m {word}", (self.cwd, *self.paths)))
            elif word.startswith(_PYTHONPATH):
                self._set_paths(word.removeprefix(_PYTHONPATH))
            else:
                self._note_file(word)

    def _set_paths(self, value: str) -> None:
        parts = [part for part in value.split(":") if part and "$" not in part]
        self.paths = tuple(self.cwd / part for part in parts)

    def _note_file(self, word: str) -> None:
        name = word.partition("=")[2] if "=" in word else word
        file = self.find(self.cwd, name)
        if file is None:
            return
        self.files.append(file)
        if file.suffix == ".py":
            self.scripts.append(_Script(file, (file.parent, *self.paths)))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _inside(top: Path, file: Path) -> str | None:
    path = os.path.relpath(file, top)
    return None if path == ".." or path.startswith("../") else path


def _follow(search: _Search, script: _Script) -> None:
    """Note every module below the checkout that a script imports, and what those import."""
    todo: list[tuple[Path, str]] = []
    if script.file.name.startswith("-m "):
        module = script.file.name[3:]
        starts = [*_locate(script.roots, module), *_locate(script.roots, f"{module}.__main__")]
        todo += _note(search, starts, f"python -m {module}")
    else:
        todo.append((script.file, _inside(search.top, script.file) or script.file.name))
    while todo and len(search.seen) < _MAX_MODULES:
        file, name = todo.pop()
        if (file, script.roots) not in search.seen:
            search.seen.add((file, script.roots))
            modules = (found for wanted in _imports(file, script.roots) for found in wanted)
            todo += _note(search, modules, name)


def _note(search: _Search, files: Iterable[Path], by: str) -> list[tuple[Path, str]]:
    noted = []
    for file in files:
        if path := _inside(search.top, file):
            search.found.setdefault(path, by)
            noted.append((file, path))
    return noted


def _parse(file: Path) -> ast.Module | None:
    try:
        if file.stat().st_size > _MAX_SOURCE:
            return None
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _imports(file: Path, roots: tuple[Path, ...]) -> Iterator[list[Path]]:
    tree = _parse(file)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _locate(roots, alias.name)
        elif isinstance(node, ast.ImportFrom):
            yield from _imports_from(node, file, roots)


def _imports_from(
    node: ast.ImportFrom, file: Path, roots: tuple[Path, ...]
) -> Iterator[list[Path]]:
    base = node.module or ""
    if node.level:
        folder = file.parent
        for _ in range(node.level - 1):
            folder = folder.parent
        roots = (folder,)
        if _is_file(folder / "__init__.py"):
            yield [folder / "__init__.py"]
    if base:
        yield _locate(roots, base)
    for alias in node.names:
        yield _locate(roots, f"{base}.{alias.name}" if base else alias.name)


def _locate(roots: Iterable[Path], module: str) -> list[Path]:
    """The files of a dotted module and the packages above it, from the first root that has its
    first part."""
    parts = module.split(".")
    for root in roots:
        found, folder = [], root
        for part in parts:
            package, plain = folder / part / "__init__.py", folder / f"{part}.py"
            if _is_file(package):
                found.append(package)
            elif _is_file(plain):
                found.append(plain)
                break
            folder = folder / part
        if found:
            return found
    return []
