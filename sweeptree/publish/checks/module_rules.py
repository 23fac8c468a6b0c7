"""What new code does in its file: to other modules, with its arguments, on which conditions."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator

from sweeptree.publish.checks.literals import worths
from sweeptree.publish.checks.node_rules import EQUALITY, PLACE

_Function = ast.FunctionDef | ast.AsyncFunctionDef
Finding = tuple[ast.AST, str]  # a piece of code, and what is wrong with it

_MUTATORS = {
    "clear", "pop", "popitem", "remove", "update", "insert", "append", "extend", "discard",
    "setdefault", "sort", "reverse", "add",
}  # fmt: skip
_CLOCKS = {"today", "now", "utcnow", "time"}
_MOMENTS = {"date", "datetime", "fromisoformat", "strptime", "fromtimestamp", "Timestamp"}
_FIRST_MOMENT = 1000  # a year, or seconds since 1970; a delay in a condition is less
# A value of one of these kinds is compared as such, whatever its class makes of it.
_VALUES = {
    "int", "float", "complex", "bool", "str", "bytes", "list", "tuple", "dict", "set", "frozenset",
    "Number", "Complex", "Real", "Rational", "Integral", "Decimal", "Fraction", "ndarray",
    "datetime", "date", "timedelta",
}  # fmt: skip
_USUAL_METHODS = {"__init__", "__new__", "__repr__", "__str__", "__missing__", "__post_init__"}
_REPLACES = "replaces a part of another module"


def module_findings(tree: ast.Module) -> Iterator[Finding]:
    """What a file does to others, and where its own conditions look."""
    imported = _imported(tree)
    yield from _found(tree, lambda node: _store_rule(node, imported))
    yield from _found(tree, lambda node: _mutation_rule(node, imported))
    yield from _found(tree, _condition_rule)
    yield from _modules_handed_on(tree)
    yield from _values_of_its_own(tree)
    for step in tree.body:
        if isinstance(step, ast.FunctionDef) and step.name == "__getattr__":
            yield step, "answers for any name"


def _found(tree: ast.Module, rule: Callable[[ast.AST], str | None]) -> Iterator[Finding]:
    for node in ast.walk(tree):
        told = rule(node)
        if told is not None:
            yield node, told


def _imported(tree: ast.Module) -> frozenset[str]:
    """Names of what belongs to other modules, also by another name: `m = math`."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    aliases = [alias for node in imports for alias in node.names]
    found = {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name() | ast.Attribute() as old):
                found |= {name} if _root(old) in found else set()
            case _:
                pass
    return frozenset(found)


def _root(node: ast.AST) -> str | None:
    """The name that a chain of attributes and items begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _store_rule(node: ast.AST, imported: frozenset[str]) -> str | None:
    """Something that belongs to another module is replaced: `json.loads = mine`."""
    if not isinstance(node, ast.Attribute | ast.Subscript) or isinstance(node.ctx, ast.Load):
        return None
    return _REPLACES if _root(node) in imported else None


def _mutation_rule(node: ast.AST, imported: frozenset[str]) -> str | None:
    """What another module holds is changed: `limits.ALL.clear()`."""
    match node:
        case ast.Call(func=ast.Attribute(attr=method, value=owner)) if method in _MUTATORS:
            is_held = isinstance(owner, ast.Attribute) or _is_constant(owner)
            return _REPLACES if is_held and _root(owner) in imported else None
        case _:
            return None


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id.isupper()


def _modules_handed_on(tree: ast.Module) -> Iterator[Finding]:
    """A module that is a value can be changed where no rule looks."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import))
    aliases = [alias for node in imports for alias in node.names]
    modules = {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
    owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        is_value = isinstance(node, ast.Name) and id(node) not in owners
        if is_value and isinstance(node, ast.Name) and node.id in modules:
            yield node, "hands a module on"


def _values_of_its_own(tree: ast.Module) -> Iterator[Finding]:
    """A number or a text with operators of its own is equal to what it likes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        operators = [step for step in node.body if _is_operator(step)]
        if bases & _VALUES and operators:
            yield from ((step, EQUALITY) for step in (node, *operators))


def _is_operator(step: ast.stmt) -> bool:
    if not isinstance(step, ast.FunctionDef):
        return False
    return step.name.startswith("__") and step.name not in _USUAL_METHODS


def _condition_rule(node: ast.AST) -> str | None:
    """A condition on the place of the code, or on the day."""
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            condition: ast.AST = test
        case ast.Compare():
            condition = node
        case _:
            return None
    names = {_last_name(part) for part in ast.walk(condition)}
    is_dated = bool(names & _CLOCKS) and (bool(names & _MOMENTS) or _has_moment(condition))
    return PLACE if "__file__" in names or is_dated else None


def _last_name(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def _has_moment(condition: ast.AST) -> bool:
    numbers = (text for text in worths(condition) if text.replace(".", "").isdigit())
    return any(float(number) >= _FIRST_MOMENT for number in numbers)


def removes_checks(old: ast.Module, new: ast.Module) -> bool:
    """Whether an error that was raised, or a condition that was asserted, is not there any more."""
    return bool(_checks(old) - _checks(new))


def _checks(tree: ast.Module) -> Counter[str]:
    checks = (node for node in ast.walk(tree) if isinstance(node, ast.Raise | ast.Assert))
    return Counter(ast.unparse(node) for node in checks)


def ignored_arguments(old: ast.Module, new: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions that looked at what they are given, and do not any more, with their lines."""
    former = {name for name, function in _functions(old) if _uses_arguments(function)}
    for name, function in _functions(new):
        if name in former and _arguments(function) and not _uses_arguments(function):
            yield name, function.lineno


def _functions(scope: ast.AST, prefix: str = "") -> Iterator[tuple[str, _Function]]:
    for node in getattr(scope, "body", []):
        if isinstance(node, _Function):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")


def _arguments(function: _Function) -> set[str]:
    own = function.args
    groups = [*own.posonlyargs, *own.args, *own.kwonlyargs, own.vararg, own.kwarg]
    return {argument.arg for argument in groups if argument is not None}


def _uses_arguments(function: _Function) -> bool:
    """Whether the body mentions any of them."""
    body = ast.Module(body=function.body, type_ignores=[])
    names = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
    return not names.isdisjoint(_arguments(function))


def constants(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """The names that the file or a class in it gives a value, each with its statement."""
    scopes = [tree.body, *(step.body for step in tree.body if isinstance(step, ast.ClassDef))]
    for step in (step for scope in scopes for step in scope):
        targets: list[ast.expr] = []
        if isinstance(step, ast.Assign):
            targets = step.targets
        elif isinstance(step, ast.AnnAssign | ast.AugAssign):
            targets = [step.target]
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, step
