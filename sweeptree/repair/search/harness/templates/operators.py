"""Templates for operators: comparison, arithmetic, boolean, and how operands are grouped."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from ..site import Change, Site
from ..source import Edit

Operators = Mapping[str, tuple[str, ...]]

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.MatMult: "@",
}
_BOUNDARY = {"<": ("<=",), "<=": ("<",), ">": (">=",), ">=": (">",)}
_DIRECTION = {
    "<": (">", ">="),
    "<=": (">=", ">"),
    ">": ("<", "<="),
    ">=": ("<=", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "is": ("is not",),
    "is not": ("is",),
}
_MEMBERSHIP = {"in": ("not in",), "not in": ("in",)}
_ANY_COMPARISON = {
    "<": ("!=", "=="),
    "<=": ("==", "!="),
    ">": ("!=", "=="),
    ">=": ("==", "!="),
    "==": ("<=", ">=", "<", ">", "in"),
    "!=": ("<", ">", "<=", ">=", "not in"),
    "in": ("==",),
    "is": ("==",),
    "is not": ("!=",),
}
_USUAL_ARITHMETIC = {
    "+": ("-",),
    "-": ("+",),
    "*": ("/", "//"),
    "/": ("*", "//"),
    "//": ("%", "/"),
    "%": ("//",),
    "**": ("*",),
    "<<": (">>",),
    ">>": ("<<",),
    "&": ("|",),
    "|": ("&",),
    "^": ("&", "|"),
}
_ANY_ARITHMETIC = {
    "+": ("*", "|"),
    "-": ("*", "/", "%", "&"),
    "*": ("+", "**", "-"),
    "/": ("-", "%"),
    "//": ("*", "-", ">>"),
    "%": ("*", "/", "-"),
    "&": ("^", "-", "and"),
    "|": ("^", "+", "or"),
    "^": ("**",),
}
_AUGMENTED = {
    "+=": ("-=", "="),
    "-=": ("+=", "="),
    "*=": ("/=", "+=", "="),
    "/=": ("*=", "//=", "="),
    "//=": ("/=", "%=", "-="),
    "%=": ("//=",),
    "|=": ("&=", "="),
    "&=": ("|=", "="),
}


def comparison_boundary(site: Site) -> Iterator[Change]:
    """`<` and `<=`, `>` and `>=`."""
    return _compared(site, _BOUNDARY)


def comparison_direction(site: Site) -> Iterator[Change]:
    """`<` and `>`, `==` and `!=`, `is` and `is not`."""
    return _compared(site, _DIRECTION)


def membership(site: Site) -> Iterator[Change]:
    """`in` and `not in`."""
    return _compared(site, _MEMBERSHIP)


def comparison_other(site: Site) -> Iterator[Change]:
    """Comparisons that are mixed up less often."""
    return _compared(site, _ANY_COMPARISON)


def arithmetic(site: Site) -> Iterator[Change]:
    """`+` and `-`, `*` and `/`, `/` and `//`, `//` and `%`."""
    return _calculated(site, _USUAL_ARITHMETIC)


def arithmetic_other(site: Site) -> Iterator[Change]:
    """Arithmetic that is mixed up less often."""
    return _calculated(site, _ANY_ARITHMETIC)


def boolean_operator(site: Site) -> Iterator[Change]:
    """`and` and `or`, each place of a chain apart."""
    for node in site.loads:
        if not isinstance(node, ast.BoolOp):
            continue
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from _operator_edits(site, left, right, old, new)


def drop_operand(site: Site) -> Iterator[Change]:
    """One operand less: `a and b` becomes `a`, `n - 1` becomes `n`."""
    for node in site.loads:
        if isinstance(node, ast.BoolOp):
            yield from _without_each(site, node)
        elif isinstance(node, ast.BinOp):
            yield site.replace(node, site.operand(node.left))
            yield site.replace(node, site.operand(node.right))


def swap_operands(site: Site) -> Iterator[Change]:
    """`a - b` becomes `b - a`, where the order counts."""
    for node in site.loads:
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mult):
            yield site.exchange(node.left, node.right)


def regroup(site: Site) -> Iterator[Change]:
    """`a + b / c` becomes `(a + b) / c`, and the other way round."""
    for node in site.loads:
        if not isinstance(node, ast.BinOp):
            continue
        outer = _ARITHMETIC[type(node.op)]
        left, right = node.left, node.right
        if isinstance(right, ast.BinOp):
            inner = _ARITHMETIC[type(right.op)]
            grouped = f"{site.operand(node.left)} {outer} {site.operand(right.left)}"
            yield site.replace(node, f"({grouped}) {inner} {site.operand(right.right)}")
        if isinstance(left, ast.BinOp):
            inner = _ARITHMETIC[type(left.op)]
            grouped = f"{site.operand(left.right)} {outer} {site.operand(right)}"
            yield site.replace(node, f"{site.operand(left.left)} {inner} ({grouped})")


def augmented(site: Site) -> Iterator[Change]:
    """`+=` and `-=` and `=`; a counter starts anew."""
    node = site.statement
    if isinstance(node, ast.AugAssign):
        old = _ARITHMETIC[type(node.op)] + "="
        for new in _AUGMENTED.get(old, ()):
            yield from _operator_edits(site, node.target, node.value, old, new)
        yield site.replace(node, f"{site.text(node.target)} = 0")
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        for new in ("+=", "-="):
            yield from _operator_edits(site, node.targets[0], node.value, "=", new)


def sign(site: Site) -> Iterator[Change]:
    """A minus less, or one more where a value is handed on."""
    for node in site.loads:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield site.replace(node, site.operand(node.operand))
        elif isinstance(node, ast.Name | ast.Call | ast.Subscript) and not _is_called(site, node):
            yield site.replace(node, f"-{site.text(node)}")


def negate(site: Site) -> Iterator[Change]:
    """A `not` less, or one more where something is tested."""
    for node in site.loads:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield site.replace(node, site.operand(node.operand))
    for node in (*tests_of(site), *_operands(site)):
        if not isinstance(node, ast.UnaryOp | ast.Compare):
            yield site.replace(node, f"not {site.operand(node)}")


def tests_of(site: Site) -> Iterator[ast.expr]:
    """What the statement tests: its own condition and those within its expressions."""
    if site.condition is not None:
        yield site.condition
    for node in site.expressions:
        if isinstance(node, ast.IfExp):
            yield node.test
        elif isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp):
            yield from (test for each in node.generators for test in each.ifs)


def _operands(site: Site) -> Iterator[ast.expr]:
    for node in site.loads:
        if isinstance(node, ast.BoolOp):
            yield from node.values


def _compared(site: Site, changes: Operators) -> Iterator[Change]:
    for node in site.loads:
        if not isinstance(node, ast.Compare):
            continue
        lefts = [node.left, *node.comparators]
        for left, kind, right in zip(lefts, node.ops, node.comparators, strict=False):
            old = _COMPARISONS[type(kind)]
            for new in changes.get(old, ()):
                yield from _operator_edits(site, left, right, old, new)


def _calculated(site: Site, changes: Operators) -> Iterator[Change]:
    for node in site.loads:
        if isinstance(node, ast.BinOp):
            old = _ARITHMETIC[type(node.op)]
            for new in changes.get(old, ()):
                yield from _operator_edits(site, node.left, node.right, old, new)


def _operator_edits(
    site: Site, left: ast.AST, right: ast.AST, old: str, new: str
) -> Iterator[Change]:
    """The operator's own letters between its operands; nothing where they cannot be found."""
    start = site.source.end(left)
    between = site.source.between(start, site.source.start(right))
    found = re.search(re.escape(old).replace(r"\ ", r"\s+"), between)
    if found and "#" not in between:
        yield (Edit(start + found.start(), start + found.end(), new),)


def _without_each(site: Site, node: ast.BoolOp) -> Iterator[Change]:
    values = node.values
    word = " and " if isinstance(node.op, ast.And) else " or "
    for index in range(len(values)):
        rest = [_chained(site, each) for each in values[:index] + values[index + 1 :]]
        yield site.replace(node, word.join(rest))


def _is_called(site: Site, node: ast.expr) -> bool:
    parent = site.source.parents.get(node)
    is_function = isinstance(parent, ast.Call) and parent.func is node
    return is_function or isinstance(parent, ast.Attribute | ast.Subscript)


def _chained(site: Site, node: ast.expr) -> str:
    loose = isinstance(node, ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr)
    return f"({site.text(node)})" if loose else site.text(node)
