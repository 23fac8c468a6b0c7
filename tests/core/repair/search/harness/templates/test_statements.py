"""Statements that are too many, too few, or in the wrong place."""

from core.repair.search.search_kit import in_function, variants
from sweeptree.repair.search.harness.templates import statements

LOOP = """\
def f(items):
    found = []
    for item in items:
        found.append(item)
        item += 1
        break
    return found
"""


def test_another_jump() -> None:
    assert LOOP.replace("break", "continue") in variants(statements.swap_jump, LOOP, 6)


def test_loops_and_branches() -> None:
    code = "if a:\n    b()\n"
    assert variants(statements.loop_or_branch, code) == ["while a:\n    b()\n"]
    assert variants(statements.loop_or_branch, "while a:\n    b()\n") == [code]


def test_something_else_is_returned() -> None:
    made = in_function(statements.return_value, "return True")
    assert {"return not a", "return items", "return 0"} <= set(made)


def test_a_statement_is_gone() -> None:
    assert variants(statements.delete_statement, LOOP, 5) == [
        LOOP.replace("        item += 1\n", "")
    ]


def test_nothing_else_in_a_block_means_pass() -> None:
    assert in_function(statements.delete_statement, "return a") == ["pass"]


def test_statements_change_places() -> None:
    swapped = "        item += 1\n        found.append(item)\n"
    assert any(swapped in text for text in variants(statements.move_statement, LOOP, 4))


def test_the_last_statement_leaves_its_block() -> None:
    code = "def f(a):\n    while a:\n        a -= 1\n        b = a\n    return b\n"
    made = variants(statements.move_statement, code, 4)
    assert code.replace("        b = a", "    b = a") in made


def test_a_statement_moves_into_the_block_before_it() -> None:
    code = "def f(a):\n    while a:\n        a -= 1\n    b = a\n    return b\n"
    made = variants(statements.move_statement, code, 4)
    assert code.replace("    b = a", "        b = a") in made


def test_a_statement_once_more() -> None:
    made = variants(statements.copy_statement, LOOP, 5)
    assert LOOP.replace("item += 1\n", "item += 1\n        found.append(item)\n") in made


def test_a_statement_becomes_another() -> None:
    made = variants(statements.replace_statement, LOOP, 5)
    assert LOOP.replace("item += 1", "found.append(item)") in made


def test_something_is_added_to_a_list() -> None:
    made = variants(statements.insert_call, LOOP, 5)
    assert LOOP.replace("item += 1\n", "item += 1\n        found.append(items)\n") in made


def test_a_variable_starts_anew() -> None:
    made = variants(statements.insert_assignment, LOOP, 5)
    assert LOOP.replace("item += 1\n", "item += 1\n        found = []\n") in made


def test_a_jump_on_a_condition() -> None:
    code = "def f(items):\n    for item in items:\n        if item:\n            print(item)\n"
    made = variants(statements.insert_jump, code, 4)
    assert any("if item:\n                continue\n" in text for text in made)


def test_a_result_is_kept() -> None:
    assert in_function(statements.assign_result, "a.lower()") == [
        "return a.lower()",
        "a = a.lower()",
    ]
