"""A wrong name, or two that were mixed up."""

from core.repair.search.search_kit import in_function, variants
from sweeptree.repair.search.harness.templates import names

CLASS = """\
class Box:
    def __init__(self):
        self.low = 0
        self.high = 1

    def size(self):
        return self.low.real()
"""


def test_another_variable() -> None:
    assert in_function(names.swap_name, "return a") == ["return b", "return items"]


def test_builtins_are_no_variables() -> None:
    assert in_function(names.swap_name, "return len(items)") == [
        "return len(a)",
        "return len(b)",
    ]


def test_another_name_of_the_module() -> None:
    code = "LOW = 1\nHIGH = 2\ndef f():\n    return LOW\n"
    made = variants(names.swap_module_name, code, 4)
    assert code.replace("return LOW", "return HIGH") in made


def test_two_names_change_places_everywhere_in_a_statement() -> None:
    made = in_function(names.exchange_names, "return a - b * a")
    assert made == ["return b - a * b"]


def test_another_target() -> None:
    assert "b = 1" in in_function(names.swap_target, "a = 1")


def test_another_attribute_of_the_same_object() -> None:
    made = variants(names.swap_attribute, CLASS, 7)
    assert CLASS.replace("self.low.real", "self.high.real") in made


def test_another_method_of_the_file() -> None:
    code = "def f(a):\n    a.pop()\n    a.clear()\n"
    assert variants(names.swap_method, code, 2) == [code.replace("pop", "clear")]


def test_another_expression_of_the_function() -> None:
    code = "def f(a, b):\n    c = a[b]\n    return a\n"
    made = variants(names.reuse_expression, code, 3)
    assert code.replace("return a", "return a[b]") in made
