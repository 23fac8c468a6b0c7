"""Templates for what is tested: stronger, weaker, another one, and guards before a statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import permutations

from ..site import Change, Site, is_value
from .operators import tests_of

_MOST_ATOMS = 40
_MOST_NAMES = 12
_MOST_GUARDED = 6
_RESULTS = ("None", "0", "[]", "False", "True", '""')


def strengthen(site: Site) -> Iterator[Change]:
    """`if a` becomes `if a and b`."""
    return _joined(site, "and")


def weaken(site: Site) -> Iterator[Change]:
    """`if a` becomes `if a or b`."""
    return _joined(site, "or")


def replace_condition(site: Site) -> Iterator[Change]:
    """What is tested becomes another condition of the function, or a variable."""
    for node in tests_of(site):
        yield from site.replace_each(node, _atoms(site))


def division_guard(site: Site) -> Iterator[Change]:
    """`a / b` becomes `a / b if b else 0`."""
    for node in site.loads:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
            guarded = f"{site.text(node)} if {site.text(node.right)} else 0"
            parent = site.source.parents.get(node)
            is_free = isinstance(parent, ast.Return | ast.Assign | ast.ListComp)
            yield site.replace(node, guarded if is_free else f"({guarded})")


def none_guard(site: Site) -> Iterator[Change]:
    """`if x is None: return ...` before the statement."""
    return _guards(site, "if {name} is None:")


def empty_guard(site: Site) -> Iterator[Change]:
    """`if not x: return ...` before the statement."""
    return _guards(site, "if not {name}:")


def default_value(site: Site) -> Iterator[Change]:
    """`x = x or []`: what is None gets a value before the statement."""
    if site.function is None or not site.stands_alone:
        return
    for name in _read(site):
        yield from (site.insert_before(f"{name} = {name} or {text}") for text in ("[]", "{}", "0"))


def _guards(site: Site, head: str) -> Iterator[Change]:
    if site.function is None or not site.stands_alone:
        return
    results = list(dict.fromkeys([*site.returned, *_RESULTS]))
    results = [text for text in results if "\n" not in text][:12]
    for name in _read(site):
        test = head.format(name=name)
        for result in results:
            yield site.insert_before(f"{test}\n    return {result}")
        yield site.insert_before(f"{test}\n    continue")


def _read(site: Site) -> list[str]:
    """What the statement reads: variables and their attributes."""
    found = [node for node in site.loads if isinstance(node, ast.Name | ast.Attribute)]
    texts = [site.text(node) for node in found if is_value(node)]
    local = [text for text in texts if text.split(".", 1)[0] in site.names]
    return list(dict.fromkeys(local))[:_MOST_GUARDED]


def _joined(site: Site, word: str) -> Iterator[Change]:
    bounds = _bounds(site)
    for node in tests_of(site):
        own = site.text(node)
        left = f"({own})" if isinstance(node, ast.BoolOp | ast.IfExp | ast.NamedExpr) else own
        for atom in dict.fromkeys([*bounds, *_atoms(site)]):
            if atom not in own:
                yield site.replace(node, f"{left} {word} {atom}")


def _bounds(site: Site) -> list[str]:
    """That an index or key is there, for each one that the statement or its block reads."""
    lists: list[str] = []
    keys: list[str] = []
    for node in ast.walk(site.statement):
        if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Slice):
            continue
        if is_value(node):
            index, items = site.text(node.slice), site.text(node.value)
            lists.append(f"{index} < len({items})")
            keys.append(f"{index} in {items}")
    return [*lists, *keys][:_MOST_ATOMS]


def _atoms(site: Site) -> list[str]:
    """Small conditions that can be written with what the function knows, each once."""
    names = site.names[:_MOST_NAMES]
    tested = [text for text in site.conditions if "\n" not in text and " or " not in text]
    found = [*tested, *names]
    found += [f"not {name}" for name in names]
    for name in names:
        found += [f"{name} > 0", f"{name} is not None", f"{name} is None"]
    found += [f"not ({text})" for text in tested]
    pairs = list(permutations(names, 2))[:_MOST_ATOMS]
    found += [f"{name} < len({other})" for name, other in pairs]
    found += [f"{name} + 1 < len({other})" for name, other in pairs]
    return list(dict.fromkeys(found))
