"""Templates for constants, indices and slices."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..site import Change, Site

_MOST_STRINGS = 12
_ORDINARY = ("0", "1", "-1", "2")


def number_step(site: Site) -> Iterator[Change]:
    """A whole number one higher or lower."""
    for node in _numbers(site):
        if not isinstance(node.value, int):
            continue
        yield site.replace(node, str(node.value + 1))
        if not (node.value == 1 and _is_summand(site, node)):  # `n + 0` is `n`: drop_operand
            yield site.replace(node, _signed(node.value - 1))


def number_other(site: Site) -> Iterator[Change]:
    """The numbers that are usual: 0, 1, 2, ten times as much or as little, the negative."""
    for node in _numbers(site):
        value = node.value
        if not isinstance(value, int | float):
            continue
        others = [*_ORDINARY, repr(value * 10), repr(value / 10), _signed(-value)]
        yield from site.replace_each(node, dict.fromkeys(others))


def constant_flip(site: Site) -> Iterator[Change]:
    """True and False; None, 0 and nothing."""
    for node in site.loads:
        if not isinstance(node, ast.Constant):
            continue
        if isinstance(node.value, bool):
            yield site.replace(node, str(not node.value))
        elif node.value is None:
            yield from site.replace_each(node, ("0", "False", "True", "[]", '""'))


def string_swap(site: Site) -> Iterator[Change]:
    """A string becomes another string of the function, or the empty one."""
    others = [node for node in site.scope if _is_string(node)]
    texts = list(dict.fromkeys(site.text(node) for node in others))[:_MOST_STRINGS]
    for node in site.loads:
        if _is_string(node) and not _is_part_of_text(site, node):
            yield from site.replace_each(node, (*texts, '""'))


def plus_minus_one(site: Site) -> Iterator[Change]:
    """One more or less where numbers stand: index, slice, argument, comparison, value."""
    for node in site.loads:
        if _may_be_number(node) and _is_counted(site, node) and not _is_stepped(node):
            yield site.replace(node, f"{site.text(node)} + 1")
            yield site.replace(node, f"{site.text(node)} - 1")


def slices(site: Site) -> Iterator[Change]:
    """A bound less, a bound more, an index instead."""
    for node in site.expressions:
        if not isinstance(node, ast.Slice):
            continue
        upper = site.text(node.upper) if node.upper else ""
        lower = site.text(node.lower) if node.lower else ""
        yield site.replace(node, f"{lower}:")
        yield site.replace(node, f":{upper}")
        yield site.replace(node, f"{upper}:{lower}")
        if not node.lower:
            yield site.replace(node, f"1:{upper}")
        if not node.upper:
            yield site.replace(node, f"{lower}:-1")


def index_to_slice(site: Site) -> Iterator[Change]:
    """`items[i]` becomes `items[i:]`, `items` becomes `items[1:]` or runs backwards."""
    for node in site.loads:
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice | ast.Tuple):
            index = site.text(node.slice)
            yield site.replace(node.slice, f"{index}:")
            yield site.replace(node.slice, f":{index}")
        elif isinstance(node, ast.Name) and _is_whole(site, node):
            ends = ("[1:]", "[:-1]", "[::-1]")
            yield from site.replace_each(node, [node.id + end for end in ends])


def swap_indices(site: Site) -> Iterator[Change]:
    """`rows[x][y]` becomes `rows[y][x]`; the parts of a tuple change places."""
    for node in site.expressions:
        inner = getattr(node, "value", None)
        if isinstance(node, ast.Subscript) and isinstance(inner, ast.Subscript):
            yield site.exchange(node.slice, inner.slice)
        elif isinstance(node, ast.Tuple | ast.List):
            pairs = zip(node.elts, node.elts[1:], strict=False)
            yield from (site.exchange(first, second) for first, second in pairs)


def _numbers(site: Site) -> Iterator[ast.Constant]:
    for node in site.loads:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node


def _signed(value: float) -> str:
    return f"({value!r})" if value < 0 else repr(value)


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_part_of_text(site: Site, node: ast.AST) -> bool:
    parent = site.source.parents.get(node)
    return isinstance(parent, ast.JoinedStr | ast.FormattedValue | ast.Expr)


def _may_be_number(node: ast.expr) -> bool:
    is_length = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return isinstance(node, ast.Name | ast.Attribute | ast.BinOp | ast.Subscript) or is_length


def _is_stepped(node: ast.expr) -> bool:
    """Whether one is added or taken away already: number_step and drop_operand change that."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add | ast.Sub):
        return False
    return isinstance(node.right, ast.Constant) and node.right.value == 1


def _is_summand(site: Site, node: ast.expr) -> bool:
    parent = site.source.parents.get(node)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub)


def _is_counted(site: Site, node: ast.expr) -> bool:
    parent = site.source.parents.get(node)
    if isinstance(parent, ast.Subscript):
        return parent.slice is node
    if isinstance(parent, ast.Call):
        return node in parent.args
    kinds = ast.Slice | ast.Compare | ast.Return | ast.Assign | ast.AugAssign | ast.Tuple
    return isinstance(parent, kinds)


def _is_whole(site: Site, node: ast.expr) -> bool:
    parent = site.source.parents.get(node)
    if isinstance(parent, ast.Call):
        return node in parent.args
    is_iterated = isinstance(parent, ast.For | ast.comprehension) and parent.iter is node
    return is_iterated or isinstance(parent, ast.Return | ast.Assign | ast.Compare)
