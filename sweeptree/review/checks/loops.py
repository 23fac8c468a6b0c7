"""Loops in a syntax tree, and what does not change in them. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

LoopNode = ast.For | ast.AsyncFor | ast.While


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop. `nodes`: all of its body; `rare`: those that run on some turns only; `assigned`:
    the names that get a value in it."""

    node: LoopNode
    function: ast.AST
    nodes: tuple[ast.AST, ...]
    rare: frozenset[int]
    assigned: frozenset[str]


def loops(tree: ast.Module) -> Iterator[Loop]:
    """Every loop of a file."""
    yield from _below(tree, tree)


def _below(node: ast.AST, function: ast.AST) -> Iterator[Loop]:
    for child in ast.iter_child_nodes(node):
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(child, LoopNode):
            yield _loop(child, function)
        yield from _below(child, child if is_function else function)


def _loop(node: LoopNode, function: ast.AST) -> Loop:
    nodes = tuple(each for statement in node.body for each in ast.walk(statement))
    rare = frozenset(id(each) for each in _rare(nodes))
    targets = [*nodes, *(ast.walk(node.target) if isinstance(node, ast.For) else ())]
    return Loop(node, function, nodes, rare, frozenset(_assigned(targets)))


def _rare(nodes: tuple[ast.AST, ...]) -> Iterator[ast.AST]:
    for node in nodes:
        if isinstance(node, ast.If) and is_every_nth(node.test):
            yield from ast.walk(node)


def is_every_nth(test: ast.expr) -> bool:
    """`step % 100 == 0` and the like: true on some turns only."""
    return any(isinstance(each, ast.Mod) for each in ast.walk(test))


def _assigned(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def is_invariant(node: ast.expr | None, loop: Loop) -> bool:
    """Whether an expression of plain names gives the same on every turn, and nobody changes it."""
    if node is None or not isinstance(node, ast.Name | ast.Attribute | ast.Constant):
        return False
    used = names_in(node)
    if used & loop.assigned:
        return False
    return not any(_is_changed(each, used) for each in loop.nodes)


def _is_changed(node: ast.AST, names: set[str]) -> bool:
    """An item or attribute that is stored into, or a method that may change its object."""
    if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
        return bool(names & names_in(node.value))
    changing = ("append", "extend", "update", "add_", "mul_", "load_state_dict", "step", "fill")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in changing and bool(names & names_in(node.func.value))
    return False


def names_in(node: ast.AST) -> set[str]:
    """The plain names in an expression."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def called(node: ast.Call) -> str:
    """The last name of what is called: `append` of `x.y.append()`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def dotted(node: ast.expr) -> str:
    """`np.linalg.norm` as text; empty for anything but names and dots."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
