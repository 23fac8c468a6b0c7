"""Imports that are missing, where only one answer is possible: exactly one module of the
repository defines the name. Pure, but for reading the repository's Python files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sweeptree.publish.checks import TestCase

_UNDEFINED = re.compile(r"NameError: name '(\w+)' is not defined")
_MOVED = re.compile(r"ImportError: cannot import name '(\w+)' from (?:partially[^']*)?'([\w.]+)'")
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")  # as ast counts them
_ROOTS = frozenset({"src", "lib", "python"})
_MOST_FILES, _MOST_BYTES = 5000, 1024**2


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that a file (a path below the top) uses without having it.

    `module`: where it is imported from and no longer stands; None: it is not imported at all.
    """

    name: str
    path: str
    module: str | None = None


def missing_names(cases: Iterable[TestCase]) -> tuple[Missing, ...]:
    """The names that failing tests miss, and where."""
    found = (_missing(case) for case in cases)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _missing(case: TestCase) -> Missing | None:
    if case.frame is None:
        return None
    words = f"{case.message}\n{case.trace}"
    undefined = _UNDEFINED.search(words)
    if undefined is not None:
        return Missing(undefined[1], case.frame.path)
    moved = _MOVED.search(words)
    return Missing(moved[1], case.frame.path, moved[2]) if moved is not None else None


def defining_module(top: Path, files: Iterable[str], missing: Missing) -> str | None:
    """The one module of the repository that defines the name; None when there is none, or several.

    Tests define nothing for others.
    """
    python = [path for path in files if path.endswith(".py") and path != missing.path]
    found = [path for path in python[:_MOST_FILES] if _defines(top / path, path, missing.name)]
    return module_name(found[0]) if len(found) == 1 else None


def _defines(file: Path, path: str, name: str) -> bool:
    if _is_test(PurePosixPath(path)):
        return False
    text = _text(file)
    if text is None or name not in text:
        return False
    return name in set(_top_level_names(text))


def _is_test(path: PurePosixPath) -> bool:
    return path.name.startswith(("test_", "conftest")) or "tests" in path.parts[:-1]


def _text(file: Path) -> str | None:
    try:
        if file.is_symlink() or file.stat().st_size > _MOST_BYTES:
            return None
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _top_level_names(text: str) -> Iterator[str]:
    tree = _parsed(text)
    for node in tree.body if tree is not None else ():
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Assign():
                yield from (each.id for each in node.targets if isinstance(each, ast.Name))
            case ast.AnnAssign(target=ast.Name() as target):
                yield target.id


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def module_name(path: str) -> str:
    """The dotted name of the module in a file of the repository."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[0] in _ROOTS and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts = parts[:-1]
    return ".".join(parts)


def with_import(text: str, missing: Missing, module: str) -> str | None:
    """The text of a file with the import that it lacks; None where it cannot be put in."""
    tree = _parsed(text)
    if tree is None:
        return None
    if missing.module is not None:
        return _with_moved_import(text, tree, missing, module)
    lines = _LINE.findall(text)
    place = _place_of_import(tree)
    new = f"from {module} import {missing.name}{_newline(text)}"
    return "".join([*lines[:place], new, *lines[place:]])


def _place_of_import(tree: ast.Module) -> int:
    """The line after the last of the imports at the head, else after the docstring."""
    place = 0
    for number, node in enumerate(tree.body):
        is_docstring = number == 0 and ast.get_docstring(tree, clean=False) is not None
        if not (is_docstring or isinstance(node, ast.Import | ast.ImportFrom)):
            break
        place = node.end_lineno or place
    return place


def _with_moved_import(text: str, tree: ast.Module, missing: Missing, module: str) -> str | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _names(node, missing):
            return _moved(text, node, missing, module)
    return None


def _names(node: ast.ImportFrom, missing: Missing) -> bool:
    is_from = node.level == 0 and node.module == missing.module
    return is_from and any(alias.name == missing.name for alias in node.names)


def _moved(text: str, node: ast.ImportFrom, missing: Missing, module: str) -> str:
    """The text with the name imported from where it stands, the others from where they were."""
    lines, newline = _LINE.findall(text), _newline(text)
    indent = " " * node.col_offset
    here = [alias for alias in node.names if alias.name != missing.name]
    gone = [alias for alias in node.names if alias.name == missing.name]
    new = [_import_line(indent, module, gone) + newline]
    if here:
        new.insert(0, _import_line(indent, str(node.module), here) + newline)
    end = node.end_lineno or node.lineno
    return "".join([*lines[: node.lineno - 1], *new, *lines[end:]])


def _import_line(indent: str, module: str, names: Iterable[ast.alias]) -> str:
    words = [f"{each.name} as {each.asname}" if each.asname else each.name for each in names]
    return f"{indent}from {module} import {', '.join(words)}"


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
