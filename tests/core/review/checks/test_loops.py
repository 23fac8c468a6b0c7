"""Loops and what does not change in them."""

import ast

from sweeptree.review.checks.loops import Loop, dotted, is_invariant, loops, names_in


def loop(text: str) -> Loop:
    return next(loops(ast.parse(text)))


def invariant(name: str, text: str) -> bool:
    return is_invariant(ast.parse(name, mode="eval").body, loop(text))


def test_what_the_loop_assigns_changes() -> None:
    text = "for i in x:\n    y = i\n    z[0] = 1\n    w.append(1)\n"
    assert [invariant(name, text) for name in "iyzwv"] == [False, False, False, False, True]


def test_calls_are_never_invariant() -> None:
    assert not invariant("f()", "for i in x:\n    pass\n")


def test_rare_turns_are_told_apart() -> None:
    found = loop("for i in x:\n    if i % 10 == 0:\n        f()\n    g()\n")
    calls = [node for node in found.nodes if isinstance(node, ast.Call)]
    rare = {node.func.id for node in calls if id(node) in found.rare and _is_name(node)}  # type: ignore[attr-defined]
    assert rare == {"f"}


def _is_name(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name)


def test_the_function_round_a_loop_is_known() -> None:
    found = loop("def f():\n    while True:\n        pass\n")
    assert isinstance(found.function, ast.FunctionDef)


def test_names() -> None:
    node = ast.parse("np.linalg.norm(x, y)", mode="eval").body
    assert isinstance(node, ast.Call)
    assert (dotted(node.func), names_in(node)) == ("np.linalg.norm", {"np", "x", "y"})
    assert dotted(node) == ""
