"""Whether two versions of a Python file do the same: told from their syntax trees. Pure."""

from __future__ import annotations

import ast

from sweeptree.review.scopes import parsed

_OPERATORS = (ast.operator, ast.cmpop, ast.unaryop, ast.boolop)
_BODIES = ("body", "orelse", "finalbody")
_TALKERS = {"print", "debug", "info", "warning", "error", "exception", "log", "warn"}


def means_the_same(first: str, second: str) -> bool:
    """True when they differ at most in comments, layout, docstrings, annotations, imports,
    messages and the names of local variables.

    False for what is no Python: it cannot be told.
    """
    trees = parsed(first), parsed(second)
    if trees[0] is None or trees[1] is None:
        return False
    return _essence(first) == _essence(second)


def has_the_same_shape(first: str, second: str) -> bool:
    """True when they differ at most in names, constants and operators: a small edit.

    False for what is no Python: it cannot be told.
    """
    trees = parsed(first), parsed(second)
    if trees[0] is None or trees[1] is None:
        return False
    return _shape(ast.parse(first)) == _shape(ast.parse(second))


def _shape(node: ast.AST) -> str:
    """The tree without its names, constants and operators."""
    kind = next((base.__name__ for base in _OPERATORS if isinstance(node, base)), None)
    children = " ".join(_shape(child) for child in ast.iter_child_nodes(node))
    return f"({kind or type(node).__name__} {children})"


def _essence(text: str) -> str:
    tree = _Essence().visit(ast.parse(text))
    return ast.dump(tree)


class _Essence(ast.NodeTransformer):
    """Takes out what no test would notice."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in _BODIES:
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, [each for each in statements if not isinstance(each, ast.Pass)])
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant) or _only_talks(node.value):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Import(self, _: ast.Import) -> ast.AST:
        return ast.Pass()  # one that is needed is missed by every test, one that is not by lint

    def visit_ImportFrom(self, _: ast.ImportFrom) -> ast.AST:
        return ast.Pass()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return node  # a dataclass's field
        return ast.AnnAssign(node.target, ast.Constant(None), node.value, node.simple)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg, None)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        _rename_locals(node)
        return node


def _rename_locals(function: ast.FunctionDef) -> None:
    """Number a function's variables in the order in which they first appear."""
    names = [each for each in ast.walk(function) if isinstance(each, ast.Name)]
    names.sort(key=lambda name: (name.lineno, name.col_offset))
    stored = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    number = {name.id: None for name in names if name.id in stored}
    order = {name: f"local {place}" for place, name in enumerate(number)}
    for each in names:
        each.id = order.get(each.id, each.id)


def _only_talks(node: ast.expr) -> bool:
    """A call that prints or logs, and computes nothing on the way."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else None
    name = node.func.id if isinstance(node.func, ast.Name) else name
    inner = [each for part in node.args for each in ast.walk(part) if isinstance(each, ast.Call)]
    return name in _TALKERS and not inner
