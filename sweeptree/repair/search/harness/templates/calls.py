"""Templates for calls: their arguments, and the function that is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..site import Change, Site
from ..source import Edit

_ALIKE = (
    ("min", "max"),
    ("any", "all"),
    ("floor", "ceil", "round", "trunc"),
    ("int", "round", "float"),
    ("sorted", "reversed", "list"),
    ("list", "tuple", "set"),
    ("append", "extend", "add", "insert", "remove"),
    ("update", "add", "setdefault"),
    ("popleft", "pop"),
    ("appendleft", "append"),
    ("remove", "discard", "append", "add"),
    ("lower", "upper", "casefold", "title", "capitalize"),
    ("strip", "lstrip", "rstrip"),
    ("split", "rsplit", "splitlines"),
    ("partition", "rpartition"),
    ("find", "rfind", "index"),
    ("startswith", "endswith"),
    ("removeprefix", "removesuffix"),
    ("isdigit", "isalpha", "isalnum", "isnumeric", "isspace"),
    ("ljust", "rjust", "center"),
    ("keys", "values", "items"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("issubset", "issuperset"),
    ("ceil", "floor"),
    ("sin", "cos", "tan"),
    ("log", "log10", "log2", "log1p"),
    ("exp", "log", "sqrt"),
    ("sum", "max", "min", "len", "mean"),
    ("argmin", "argmax"),
    ("mean", "median", "sum", "std"),
    ("zeros", "ones", "empty"),
    ("year", "month", "day"),
    ("weekday", "isoweekday"),
    ("match", "fullmatch", "search"),
    ("nlargest", "nsmallest"),
    ("bisect_left", "bisect_right"),
    ("heappop", "heappush"),
)
_WRAPPERS = ("list", "sorted", "abs", "len", "int", "set", "str", "float", "tuple", "sum")
_METHODS = (".copy()", ".strip()", ".lower()", "[::-1]", "[0]", "[-1]")
_MOST_NAMES = 12


def swap_function(site: Site) -> Iterator[Change]:
    """A function or method becomes one that is mixed up with it."""
    for node in site.loads:
        if isinstance(node, ast.Attribute):
            prefix = site.text(node)[: -len(node.attr)]
            yield from site.replace_each(node, [prefix + other for other in alike(node.attr)])
        elif isinstance(node, ast.Name):
            yield from site.replace_each(node, alike(node.id))


def swap_arguments(site: Site) -> Iterator[Change]:
    """Two arguments change places."""
    for node in _calls(site):
        for number, first in enumerate(node.args):
            yield from (site.exchange(first, second) for second in node.args[number + 1 :])


def drop_argument(site: Site) -> Iterator[Change]:
    """An argument less."""
    for node in _calls(site):
        given: list[ast.AST] = [*node.args, *node.keywords]
        for number, argument in enumerate(given):
            yield _without(site, given, number, argument)


def add_argument(site: Site) -> Iterator[Change]:
    """An argument more: a variable, 0 or 1."""
    for node in _calls(site):
        if isinstance(node.args[-1] if node.args else None, ast.GeneratorExp | ast.Starred):
            continue
        comma = ", " if node.args or node.keywords else ""
        last = site.source.end(node) - 1
        for text in ("0", "1", *site.names[:_MOST_NAMES]):
            yield (Edit(last, last, f"{comma}{text}"),)


def wrap_call(site: Site) -> Iterator[Change]:
    """A value goes through a function: `list(x)`, `sorted(x)`, `abs(x)`, `x.copy()`."""
    for node in site.loads:
        if not _may_be_wrapped(site, node):
            continue
        text, operand = site.text(node), site.operand(node)
        yield from site.replace_each(node, [f"{name}({text})" for name in _WRAPPERS])
        yield from site.replace_each(node, [operand + end for end in _METHODS])


def unwrap_call(site: Site) -> Iterator[Change]:
    """`f(x)` becomes `x`; `x.f()` becomes `x`."""
    for node in _calls(site):
        if isinstance(site.source.parents.get(node), ast.Expr):
            continue  # without its call the statement does nothing: delete_statement
        if len(node.args) == 1 and not isinstance(node.args[0], ast.GeneratorExp | ast.Starred):
            yield site.replace(node, site.operand(node.args[0]))
        if isinstance(node.func, ast.Attribute):
            yield site.replace(node, site.text(node.func.value))


def alike(name: str) -> list[str]:
    """The names that one is mixed up with."""
    groups = [group for group in _ALIKE if name in group]
    return list(dict.fromkeys(each for group in groups for each in group if each != name))


def _calls(site: Site) -> Iterator[ast.Call]:
    for node in site.loads:
        if isinstance(node, ast.Call):
            yield node


def _without(site: Site, given: list[ast.AST], number: int, argument: ast.AST) -> Change:
    start, end = site.source.start(argument), site.source.end(argument)
    if number + 1 < len(given):
        end = site.source.start(given[number + 1])
    elif number:
        start = site.source.end(given[number - 1])
    return (Edit(start, end, ""),)


def _may_be_wrapped(site: Site, node: ast.expr) -> bool:
    if not isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.BinOp):
        return False
    parent = site.source.parents.get(node)
    if isinstance(parent, ast.Call):
        return parent.func is not node
    return not isinstance(parent, ast.Attribute | ast.Subscript | ast.Expr)
