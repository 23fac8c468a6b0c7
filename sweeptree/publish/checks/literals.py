"""What code is worth that holds nothing but literals: `50`, `50.0`, `5 * 10`, `int("50")`.

Two pieces of the same worth have the same text here, however they are written.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

_COMMON: tuple[object, ...] = (0, 1, -1, 2, "", b"", None, True, False, (), [], {})
_LITERALS = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.UnaryOp)
_COMPUTED = (ast.BinOp, ast.Call)
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_FUNCTIONS: dict[str, Callable[..., object]] = {
    "int": int,
    "float": float,
    "str": str,
    "len": len,
    "sum": sum,
    "min": min,
    "max": max,
    "abs": abs,
    "chr": chr,
    "ord": ord,
    "round": round,
    "list": list,
    "tuple": tuple,
}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_GROWING = (ast.Mult, ast.Pow, ast.LShift)
_MOST_TIMES = 1000  # nobody writes an answer as 10 ** 100000, and we do not compute it
_MOST_LENGTH = 10_000
_SHORTEST_WORD = 4


def worths(tree: ast.AST) -> Iterator[str]:
    """The worth of each piece that says something; common values (0, 1, "", None) do not."""
    for node in ast.walk(tree):
        if isinstance(node, _LITERALS + _COMPUTED):
            yield from _told(_value(node))


def texts(tree: ast.AST) -> Iterator[str]:
    """Each text in the code, also those that are put together from literals."""
    for node in ast.walk(tree):
        value = _value(node) if isinstance(node, ast.Constant | ast.BinOp | ast.Call) else None
        if isinstance(value, str):
            yield value


def numbers_in(text: str) -> Iterator[str]:
    """The worth of each number that is written in a text."""
    for number in _NUMBER.findall(text):
        yield from _told(float(number))


def is_telling(text: str) -> bool:
    """Whether a text is long enough to be recognised inside of another one."""
    return len(text) >= _SHORTEST_WORD


class _NotALiteral(Exception):  # noqa: N818 - says what is the case
    pass


def _value(node: ast.AST) -> object:
    """What the code is worth; None where that cannot be said."""
    try:
        return _computed(node)
    except (_NotALiteral, ArithmeticError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def _computed(node: ast.AST) -> object:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, _computed(left), _computed(right))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*[_computed(argument) for argument in args])
        case ast.Call(func=ast.Attribute(value=glue, attr="join"), args=[parts], keywords=[]):
            return _joined(_computed(glue), _computed(parts))
        case ast.Constant() | ast.Tuple() | ast.List() | ast.Dict() | ast.Set() | ast.UnaryOp():
            return _literal(node)
        case _:
            raise _NotALiteral


def _literal(node: ast.AST) -> object:
    try:
        value: object = ast.literal_eval(node)
    except (SyntaxError, ValueError) as error:
        raise _NotALiteral from error
    return value


def _combined(op: ast.operator, left: object, right: object) -> object:
    """The result of an operator, unless it would be huge."""
    if isinstance(op, _GROWING) and not (_is_small(left) and _is_small(right)):
        raise _NotALiteral
    if type(op) not in _OPERATORS:
        raise _NotALiteral
    return _OPERATORS[type(op)](left, right)


def _is_small(value: object) -> bool:
    if isinstance(value, int | float):
        return abs(value) <= _MOST_TIMES
    return isinstance(value, str | bytes | list | tuple) and len(value) <= _MOST_TIMES


def _joined(glue: object, parts: object) -> object:
    if isinstance(glue, str) and isinstance(parts, list | tuple):
        return glue.join(parts)
    raise _NotALiteral


def _told(value: object) -> Iterator[str]:
    """One text for values that are equal: 50 and 50.0, "a" and b"a"."""
    if value in _COMMON or (isinstance(value, str | bytes) and len(value) > _MOST_LENGTH):
        return
    if isinstance(value, float) and value.is_integer():
        yield repr(int(value))
    elif isinstance(value, bytes):
        yield repr(value.decode("latin-1"))
    else:
        yield repr(value)
