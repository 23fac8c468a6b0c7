"""Change living code: new code objects in functions, new values at the module's top; and back.

Hides: that functions hide under decorators (found through the garbage collector's list, so this
index is made before `gc.freeze`), and that only the one statement of the module around an edit is
compiled, not the file.
"""

from __future__ import annotations
import __future__

import ast
import gc
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .source import Candidate, Edit, SourceFile

Undo = Callable[[], None]
_Key = tuple[str, str, int]
_FUTURE = {name: getattr(__future__, name).compiler_flag for name in __future__.all_feature_names}
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class UnreachedError(Exception):
    """The change cannot be made in this process: nothing living has the code."""


class LiveCode:
    """The functions of the user's files that live in this process."""

    def __init__(self, root: str) -> None:
        self._functions: dict[_Key, list[FunctionType]] = {}
        for found in gc.get_objects():
            if type(found) is FunctionType and found.__code__.co_filename.startswith(root):
                self._functions.setdefault(_key(found.__code__), []).append(found)
        modules = list(sys.modules.values())
        self._modules = [each for each in modules if _is_below(each, root)]
        self._compiled: dict[tuple[str, int], CodeType] = {}

    def apply(self, source: SourceFile, edits: tuple[Edit, ...]) -> Undo:
        """Make the edits; what is returned takes them back.

        Raises SyntaxError or ValueError for what is no Python, UnreachedError.
        """
        start, end = min(each.start for each in edits), max(each.end for each in edits)
        top = source.top_statement(start, end)
        if top is None:
            raise UnreachedError
        new = _compile(source, top, edits)
        if _is_in_function_body(source, start):
            return self._swap_code(self._original(source, top), new)
        return self._swap_values(source, top, new)

    def _original(self, source: SourceFile, top: ast.stmt) -> CodeType:
        key = (source.path, top.lineno)
        if key not in self._compiled:
            self._compiled[key] = _compile(source, top, ())
        return self._compiled[key]

    def _swap_code(self, old: CodeType, new: CodeType) -> Undo:
        undone: list[tuple[FunctionType, CodeType]] = []
        for before, after in _pairs(old, new):
            for function in self._functions.get(_key(before), ()):
                undone.append((function, function.__code__))
                function.__code__ = after
        if not undone:
            raise UnreachedError
        return lambda: _restore_code(undone)

    def _swap_values(self, source: SourceFile, top: ast.stmt, new: CodeType) -> Undo:
        """Run the statement aside, and put what came of it in the place of what there was."""
        module = self._module(source.path)
        if module is None or (isinstance(top, _Definition) and top.decorator_list):
            raise UnreachedError
        space = dict(vars(module))
        before = dict(space)
        exec(new, space)  # noqa: S102 - the user's own statement, in a child of the harness
        changed = [name for name, value in space.items() if before.get(name) is not value]
        undone: list[Undo] = []
        for name in changed:
            old = before.get(name)
            undone.extend(self._put(name, old, space[name]))
        if not undone:
            raise UnreachedError
        return lambda: _call_all(undone)

    def _put(self, name: str, old: object, new: object) -> Iterator[Undo]:
        if isinstance(old, FunctionType) and isinstance(new, FunctionType):
            yield _become(old, new)
        elif isinstance(old, type) and isinstance(new, type):
            yield from _class_becomes(old, new)
        else:
            holders = [each for each in self._modules if vars(each).get(name) is old]
            yield from (_set(each, name, new) for each in holders)

    def _module(self, path: str) -> ModuleType | None:
        return next((each for each in self._modules if each.__file__ == path), None)


def apply(live: LiveCode, sources: dict[str, SourceFile], candidate: Candidate) -> Undo | None:
    """Make a candidate live; None for one that is no Python or reaches nothing."""
    try:
        return live.apply(sources[candidate.path], candidate.edits)
    except (SyntaxError, ValueError, UnreachedError, MemoryError, RecursionError):
        return None
    except Exception:  # a statement of the module that raises when it runs
        return None


def _compile(source: SourceFile, top: ast.stmt, edits: tuple[Edit, ...]) -> CodeType:
    """One statement of the module with edits, at its own line numbers."""
    first = min([top.lineno, *(each.lineno for each in getattr(top, "decorator_list", ()))])
    start = source.line_start(first)
    end = source.line_start((top.end_lineno or top.lineno) + 1)
    moved = tuple(Edit(each.start - start, each.end - start, each.text) for each in edits)
    piece = source.data[start:end]
    for edit in sorted(moved, key=lambda each: each.start, reverse=True):
        piece = piece[: edit.start] + edit.text.encode() + piece[edit.end :]
    text = b"\n" * (first - 1) + piece
    flags = _future_flags(source)
    code: CodeType = compile(text, source.path, "exec", flags=flags, dont_inherit=True)
    return code


def _future_flags(source: SourceFile) -> int:
    imports = [each for each in source.tree.body if isinstance(each, ast.ImportFrom)]
    names = [alias.name for each in imports if each.module == "__future__" for alias in each.names]
    flags = 0
    for name in names:
        flags |= _FUTURE.get(name, 0)
    return flags


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Code objects that differ, old and new, by their names and their order."""
    waiting: dict[str, list[CodeType]] = {}
    for code in _inner(new):
        waiting.setdefault(code.co_name, []).append(code)
    for code in _inner(old):
        same_name = waiting.get(code.co_name)
        if same_name:
            after = same_name.pop(0)
            if code != after:
                yield code, after
                yield from _pairs(code, after)


def _inner(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _key(code: CodeType) -> _Key:
    return code.co_filename, code.co_name, code.co_firstlineno


def _is_below(module: object, root: str) -> bool:
    path = getattr(module, "__file__", None)
    return isinstance(module, ModuleType) and isinstance(path, str) and path.startswith(root)


def _is_in_function_body(source: SourceFile, start: int) -> bool:
    """Whether an edit changes what a function does, not its defaults or what is around it."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(source.tree):
        if isinstance(node, functions):
            body = source.line_start(node.body[0].lineno)
            if body <= start <= source.end(node) + 1:
                return True
    return False


def _restore_code(undone: list[tuple[FunctionType, CodeType]]) -> None:
    for function, code in reversed(undone):
        function.__code__ = code


def _call_all(undone: list[Undo]) -> None:
    for undo in reversed(undone):
        undo()


def _become(old: FunctionType, new: FunctionType) -> Undo:
    saved = old.__code__, old.__defaults__, old.__kwdefaults__
    old.__code__, old.__defaults__ = new.__code__, new.__defaults__
    old.__kwdefaults__ = new.__kwdefaults__

    def undo() -> None:
        old.__code__, old.__defaults__ = saved[0], saved[1]
        old.__kwdefaults__ = saved[2]

    return undo


def _class_becomes(old: type, new: type) -> Iterator[Undo]:
    for name, value in list(vars(new).items()):
        before = vars(old).get(name)
        if isinstance(value, FunctionType) and isinstance(before, FunctionType):
            if value.__code__.co_freevars == before.__code__.co_freevars:
                yield _become(before, value)
        elif not name.startswith("__") and not hasattr(value, "__get__"):
            yield _set(old, name, value)


def _set(holder: Any, name: str, value: object) -> Undo:
    before = vars(holder).get(name)
    setattr(holder, name, value)
    return lambda: setattr(holder, name, before)
