"""The smallest part of a patch that still passes: delta debugging over blocks, then over lines.

Source: ddmin of A. Zeller and R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input
(2002).
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sweeptree.publish.checks.edits import Block, FileEdit

Passes = Callable[[tuple[FileEdit, ...]], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a patch: a block of a file, or the whole file where `block` is None."""

    edit: FileEdit
    block: Block | None


def minimise(edits: tuple[FileEdit, ...], passes: Passes) -> tuple[FileEdit, ...]:
    """The edits without what the tests do not need.

    `passes` runs the tests with some of the edits; it may say no to stop early. What it never saw
    pass is never returned, but for the edits themselves.
    """
    blocks = [part for edit in edits for part in _parts(edit)]
    coarse = _smallest(blocks, edits, passes)
    lines = [line for part in coarse for line in _lines_of(part)]
    if len(lines) == len(coarse):
        return put_together(coarse)
    return put_together(_smallest(lines, edits, passes))


def _smallest(parts: list[Part], edits: tuple[FileEdit, ...], passes: Passes) -> list[Part]:
    def holds(chosen: Sequence[Part]) -> bool:
        candidate = put_together(chosen)
        return is_sound(candidate, edits) and passes(candidate)

    return ddmin(parts, holds)


def _parts(edit: FileEdit) -> Iterator[Part]:
    blocks: tuple[Block | None, ...] = (None,) if edit.is_whole else edit.blocks()
    for block in blocks:
        yield Part(edit, block)


def _lines_of(part: Part) -> Iterator[Part]:
    if part.block is None:
        yield part
        return
    for block in part.edit.split_block(part.block):
        yield Part(part.edit, block)


def put_together(parts: Sequence[Part]) -> tuple[FileEdit, ...]:
    """The edits that these parts make up."""
    by_path: dict[str, list[Part]] = {}
    for part in parts:
        by_path.setdefault(part.edit.path, []).append(part)
    return tuple(_edit(own) for own in by_path.values())


def _edit(parts: list[Part]) -> FileEdit:
    blocks = [part.block for part in parts if part.block is not None]
    return parts[0].edit.with_blocks(blocks) if blocks else parts[0].edit


def ddmin(parts: list[Part], holds: Callable[[Sequence[Part]], bool]) -> list[Part]:
    """A part of the list that holds and of which nothing can be left out; `parts` itself holds."""
    pieces = 2
    while len(parts) >= 2:
        smaller = next(filter(holds, _without_a_piece(parts, pieces)), None)
        if smaller is not None:
            parts, pieces = smaller, max(pieces - 1, 2)
        elif pieces >= len(parts):
            break
        else:
            pieces = min(pieces * 2, len(parts))
    return parts


def _without_a_piece(parts: list[Part], pieces: int) -> Iterator[list[Part]]:
    size = -(-len(parts) // pieces)
    for start in range(0, len(parts), size):
        yield parts[:start] + parts[start + size :]


def is_sound(candidate: tuple[FileEdit, ...], edits: tuple[FileEdit, ...]) -> bool:
    """Whether a part of a patch is worth a run.

    Its Python files can be read, and use no name without a definition that the whole patch defines:
    tests need not reach every line.
    """
    whole = {edit.path: edit for edit in edits}
    return all(_is_file_sound(edit, whole[edit.path]) for edit in candidate)


def _is_file_sound(part: FileEdit, whole: FileEdit) -> bool:
    if not part.path.endswith(".py") or part.new is None:
        return True
    try:
        missing = undefined_names(part.new_text)
    except (SyntaxError, ValueError):
        return False
    return missing <= _undefined_at_most(whole)


def _undefined_at_most(edit: FileEdit) -> frozenset[str]:
    try:
        return undefined_names(edit.new_text)
    except (SyntaxError, ValueError):
        return frozenset()


def undefined_names(source: str) -> frozenset[str]:
    """The names that a module uses and binds nowhere; coarse: it knows no scopes.

    Raises SyntaxError, ValueError.
    """
    used: set[str] = set()
    bound: set[str] = set(vars(builtins)) | {"__file__", "__name__", "__path__", "__class__"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used.add(node.id)
        else:
            bound.update(_bound_by(node))
    return frozenset(used - bound)


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=alias):
            yield alias or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
