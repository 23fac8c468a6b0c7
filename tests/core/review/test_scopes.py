"""Which definition a line stands in."""

from sweeptree.review.scopes import enclosing, functions, scopes

TEXT = "x = 1\n\nclass A:\n    @property\n    def f(self):\n        return 1\n\n    y = 2\n"


def test_the_innermost_definition_counts() -> None:
    assert [enclosing(TEXT, line) for line in (1, 6, 8)] == ["", "A.f", "A"]


def test_a_decorator_belongs_to_its_function() -> None:
    assert enclosing(TEXT, 4) == "A.f"


def test_classes_are_no_functions() -> None:
    assert [scope.name for scope in functions(TEXT)] == ["A.f"]


def test_what_is_no_python_has_none() -> None:
    assert scopes("def f(:\n") == ()
