"""Templates for whole statements: one too many, too few, or in the wrong place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..site import Change, Site, is_value
from ..source import Edit, is_docstring

_MOST = 24
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Raise)
_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_JUMPS = {
    ast.Break: ("continue", "return", "pass"),
    ast.Continue: ("break", "pass"),
    ast.Pass: ("continue", "break"),
}
_ADDING = frozenset({"append", "add", "appendleft", "extend", "discard", "remove", "insert"})
_FRESH = ("0", "1", "[]", '""', "None", "True", "False")


def swap_jump(site: Site) -> Iterator[Change]:
    """`break`, `continue`, `return` and `pass`."""
    for text in _JUMPS.get(type(site.statement), ()):
        yield site.replace(site.statement, text)


def loop_or_branch(site: Site) -> Iterator[Change]:
    """`if` becomes `while`, `while` becomes `if`, `elif` becomes `if`."""
    node, start = site.statement, site.source.start(site.statement)
    if isinstance(node, ast.While):
        yield (Edit(start, start + len("while"), "if"),)
    elif isinstance(node, ast.If) and site.source.between(start, start + 4) == "elif":
        yield (Edit(start, start + len("elif"), "if"),)
    elif isinstance(node, ast.If) and not node.orelse:
        yield (Edit(start, start + len("if"), "while"),)


def return_value(site: Site) -> Iterator[Change]:
    """Something else is returned: a variable, a constant, what other returns have, the opposite."""
    node = site.statement
    if not isinstance(node, ast.Return) or node.value is None:
        return
    known = [*site.returned, *site.names, "not " + site.operand(node.value), *_FRESH]
    negated = [f"not {name}" for name in site.names]
    yield from site.replace_each(node.value, dict.fromkeys([*known, *negated]))


def delete_statement(site: Site) -> Iterator[Change]:
    """The statement is gone; `pass` stands where nothing else would."""
    node = site.statement
    if is_docstring(node) or not site.stands_alone or isinstance(node, ast.FunctionDef):
        return
    if len(site.siblings()) > 1:
        yield (Edit(*_lines(site, node), ""),)
    elif not isinstance(node, ast.Pass):
        yield site.replace(node, "pass")


def move_statement(site: Site) -> Iterator[Change]:
    """The statement changes places with the next one, or moves out of its block."""
    node, block = site.statement, site.siblings()
    if not site.stands_alone or node not in block:
        return
    place = block.index(node)
    if place + 1 < len(block) and not isinstance(block[place + 1], _ENDS):
        yield _exchange_lines(site, node, block[place + 1])
    yield from _moved_out(site, node, block)
    yield from _moved_in(site, node, block, place)


def copy_statement(site: Site) -> Iterator[Change]:
    """A simple statement of the function stands once more, before or after this one."""
    if not site.stands_alone:
        return
    for text in _simple_statements(site)[:_MOST]:
        yield site.insert_after(text)
        yield site.insert_before(text)


def replace_statement(site: Site) -> Iterator[Change]:
    """The statement becomes another simple one of the function."""
    if not isinstance(site.statement, _SIMPLE):
        return
    yield from site.replace_each(site.statement, _simple_statements(site)[:_MOST])


def insert_call(site: Site) -> Iterator[Change]:
    """`x.append(y)` and the like before or after the statement."""
    if not site.stands_alone:
        return
    for receiver, method in _receivers(site):
        for name in site.names[:_MOST]:
            if name != receiver:
                yield site.insert_after(f"{receiver}.{method}({name})")
                yield site.insert_before(f"{receiver}.{method}({name})")


def insert_assignment(site: Site) -> Iterator[Change]:
    """A variable starts anew, goes on by one, or takes another's value."""
    if not site.stands_alone or site.function is None:
        return
    local = [name for name in site.names if name not in _parameters(site.function)]
    assigned = [*local, *site.attributes]
    for name in assigned[:_MOST]:
        others = [other for other in site.names[:_MOST] if other != name]
        lines = [f"{name} = {text}" for text in (*_FRESH, *others)]
        for line in (*lines, f"{name} += 1", f"{name} -= 1"):
            yield site.insert_after(line)
            yield site.insert_before(line)


def insert_jump(site: Site) -> Iterator[Change]:
    """`break`, `continue` or `return` after the statement, or before it on a condition."""
    if not site.stands_alone or site.function is None:
        return
    for text in ("break", "continue", "return"):
        yield site.insert_after(text)
    for condition in site.conditions[:_MOST]:
        if "\n" not in condition:
            yield site.insert_before(f"if {condition}:\n    continue")
            yield site.insert_before(f"if {condition}:\n    break")


def assign_result(site: Site) -> Iterator[Change]:
    """`x.lower()` on a line of its own becomes `x = x.lower()`; `return` is put before a value."""
    node = site.statement
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return
    text, start = site.text(node), site.source.start(node)
    yield (Edit(start, start, "return "),)
    receiver = getattr(node.value.func, "value", None)
    for target in (receiver, *node.value.args[:1]):
        if isinstance(target, ast.Name | ast.Attribute) and is_value(target):
            yield site.replace(node, f"{site.text(target)} = {text}")


def _lines(site: Site, node: ast.stmt) -> tuple[int, int]:
    """The span of all lines of a statement."""
    first, last = node.lineno, node.end_lineno or node.lineno
    return site.source.line_start(first), site.source.line_start(last + 1)


def _exchange_lines(site: Site, first: ast.stmt, second: ast.stmt) -> Change:
    start, end = _lines(site, first)
    other_start, other_end = _lines(site, second)
    text = site.source.between(start, end)
    other = site.source.between(other_start, other_end)
    if not other.endswith("\n"):
        other, text = other + "\n", text.removesuffix("\n")
    return Edit(start, end, other), Edit(other_start, other_end, text)


def _moved_out(site: Site, node: ast.stmt, block: list[ast.stmt]) -> Iterator[Change]:
    """The last statement of a block goes behind the block."""
    parent = site.source.parents.get(node)
    if block[-1] is not node or not isinstance(parent, ast.If | ast.For | ast.While | ast.With):
        return
    if len(block) < 2 or parent.end_lineno != node.end_lineno:
        return
    start, end = _lines(site, node)
    deep, flat = site.indentation, site.source.indentation(parent)
    text = _reindented(site.source.between(start, end), deep, flat)
    yield (Edit(start, end, text),)


def _moved_in(site: Site, node: ast.stmt, block: list[ast.stmt], place: int) -> Iterator[Change]:
    """A statement behind a block becomes the block's last one."""
    before = block[place - 1] if place else None
    if not isinstance(before, ast.If | ast.For | ast.While):
        return
    start, end = _lines(site, node)
    last = (before.orelse or before.body)[-1]
    deep = site.source.indentation(last)
    text = _reindented(site.source.between(start, end), site.indentation, deep)
    yield (Edit(start, end, text),)


def _reindented(text: str, old: str, new: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(new + line.removeprefix(old) if line.strip() else line for line in lines)


def _simple_statements(site: Site) -> list[str]:
    found = [node for node in site.scope if isinstance(node, _SIMPLE) and not is_docstring(node)]
    texts = [site.text(node) for node in found]
    return [text for text in dict.fromkeys(texts) if "\n" not in text]


def _receivers(site: Site) -> list[tuple[str, str]]:
    """What something is added to anywhere in the function, and by which method."""
    calls = [node.func for node in site.scope if isinstance(node, ast.Call)]
    methods = [node for node in calls if isinstance(node, ast.Attribute) and node.attr in _ADDING]
    pairs = [(site.text(node.value), node.attr) for node in methods]
    return list(dict.fromkeys(pairs))


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    return {argument.arg for argument in every}
