"""Templates for names and attributes: a wrong one was used, or two were mixed up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from ..site import Change, Site, is_builtin

_MOST_REUSED = 40
_REUSABLE = (ast.Name, ast.Subscript, ast.Call, ast.BinOp, ast.Attribute)


def swap_name(site: Site) -> Iterator[Change]:
    """A variable becomes another one of the function."""
    for node in _variables(site):
        yield from site.replace_each(node, site.names)


def swap_module_name(site: Site) -> Iterator[Change]:
    """A name becomes another one that the module defines."""
    for node in site.loads:
        if isinstance(node, ast.Name) and node.id in site.module_names:
            yield from site.replace_each(node, site.module_names)


def exchange_names(site: Site) -> Iterator[Change]:
    """Two variables change places within a statement."""
    by_name: dict[str, list[ast.Name]] = {}
    for node in _variables(site):
        by_name.setdefault(node.id, []).append(node)
    for first, second in combinations(by_name.items(), 2):
        there = [site.replace(node, second[0])[0] for node in first[1]]
        back = [site.replace(node, first[0])[0] for node in second[1]]
        yield (*there, *back)


def swap_target(site: Site) -> Iterator[Change]:
    """What is assigned to becomes another variable."""
    for node in site.expressions:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield from site.replace_each(node, site.names)


def swap_attribute(site: Site) -> Iterator[Change]:
    """`self.x` becomes another attribute that the file reads from the same object."""
    known: dict[str, list[str]] = {}
    for node in ast.walk(site.source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            known.setdefault(node.value.id, []).append(node.attr)
    for found in site.expressions:
        if isinstance(found, ast.Attribute) and isinstance(found.value, ast.Name):
            others = dict.fromkeys(known.get(found.value.id, ()))
            yield from _other_attributes(site, found, list(others))


def swap_method(site: Site) -> Iterator[Change]:
    """A method becomes another one that is called in the file."""
    calls = [node for node in ast.walk(site.source.tree) if isinstance(node, ast.Call)]
    called = [node.func.attr for node in calls if isinstance(node.func, ast.Attribute)]
    others = list(dict.fromkeys(called))[:_MOST_REUSED]
    for node in site.loads:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield from _other_attributes(site, node.func, others)


def reuse_expression(site: Site) -> Iterator[Change]:
    """A value becomes another expression of the function."""
    there = [node for node in site.scope if isinstance(node, _REUSABLE)]
    texts = [site.text(node) for node in there if _is_load(node)]
    known = list(dict.fromkeys([*site.names, *texts]))[:_MOST_REUSED]
    for node in site.loads:
        if not isinstance(node, (*_REUSABLE, ast.Constant)) or _is_function(site, node):
            continue
        yield from site.replace_each(node, known)


def _other_attributes(site: Site, node: ast.Attribute, others: list[str]) -> Iterator[Change]:
    prefix = site.text(node)[: -len(node.attr)]
    yield from site.replace_each(node, [prefix + other for other in others])


def _variables(site: Site) -> Iterator[ast.Name]:
    for node in site.loads:
        if isinstance(node, ast.Name) and not (is_builtin(node.id) and node.id not in site.names):
            yield node


def _is_load(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Load | None)


def _is_function(site: Site, node: ast.AST) -> bool:
    parent = site.source.parents.get(node)
    return isinstance(parent, ast.Call) and parent.func is node
