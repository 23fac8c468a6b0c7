"""Code of the same worth has the same text, however it is written."""

import ast

import pytest

from sweeptree.publish.checks.literals import numbers_in, texts, worths


def worth(code: str) -> set[str]:
    return set(worths(ast.parse(code, mode="eval")))


@pytest.mark.parametrize(
    "code", ["50", "50.0", "5 * 10", "int('50')", "sum([20, 30])", "0x32", "100 >> 1"]
)
def test_fifty_is_fifty(code: str) -> None:
    assert "50" in worth(code)


@pytest.mark.parametrize("code", ["0", "-1", "''", "None", "1.0", "a + b", "len(values)"])
def test_what_is_common_or_unknown_says_nothing(code: str) -> None:
    assert worth(code) == set()


@pytest.mark.parametrize("code", ["9 ** 9 ** 9", "'a' * 10 ** 9", "1 << 10 ** 9", "7 / 0"])
def test_nothing_huge_is_computed(code: str) -> None:
    assert all(len(text) < 20 for text in worth(code))


def test_texts_that_are_put_together() -> None:
    tree = ast.parse("x = 'py' + 'test', '-'.join(['a', 'b'])")
    assert {"pytest", "a-b"} <= set(texts(tree))
    assert set(numbers_in("it is 50 of 3.5")) == {"50", "3.5"}
