"""How much a test asks for."""

import ast

from sweeptree.review.checks.strictness import Strictness, skips_of_whole_files, strictness
from sweeptree.review.scopes import functions


def of(body: str, before: str = "") -> Strictness:
    (scope,) = functions(f"{before}def test_f(self):\n    {body}\n")
    return strictness(scope.node)


def test_every_kind_of_assertion_counts() -> None:
    assert of("assert x").assertions == 1
    assert of("self.assertEqual(x, 1)").assertions == 1
    assert of("np.testing.assert_allclose(x, y)").assertions == 1
    assert of("with pytest.raises(E): f()").assertions == 1
    assert of("expected_value(x)").assertions == 0


def test_exact_comparisons() -> None:
    assert (of("assert x == 1").exact, of("assert x > 1").exact) == (1, 0)


def test_parametrized_cases() -> None:
    assert of("assert x", "@mark.parametrize('x', [1, 2])\n").cases == 2


def test_tolerances_add_up() -> None:
    assert of("assert_allclose(x, y, rtol=0.5, atol=0.25)").tolerance == 0.75


def test_a_handler_that_raises_again_swallows_nothing() -> None:
    body = "try:\n        assert x\n    except Exception:\n        {}"
    assert of(body.format("pass")).swallowed == (2,)
    assert of(body.format("raise")).swallowed == ()


def test_marks_of_a_class_are_outside_its_functions() -> None:
    text = "@unittest.skip('x')\nclass A:\n    def test(self):\n        pytest.skip()\n"
    assert skips_of_whole_files(ast.parse(text)) == (1,)
