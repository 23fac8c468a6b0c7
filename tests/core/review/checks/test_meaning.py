"""What no test would notice."""

import pytest

from sweeptree.review.checks.meaning import has_the_same_shape, means_the_same

TEXT = "import a\n\n\ndef f(x):\n    return x + 1\n"
LOCAL = "def f(x):\n    {0} = x\n    return {0} + g({0})\n"


@pytest.mark.parametrize(
    "other",
    [
        "# a comment\n" + TEXT,
        TEXT.replace("def f(x):", 'def f(x):\n    """Say it."""'),
        TEXT.replace("def f(x):", "def f(x: int) -> int:"),
        TEXT.replace("    return", "    logger.info('x')\n    return"),
        TEXT.replace("import a\n", "import a\nimport b\n"),
    ],
)
def test_the_same(other: str) -> None:
    assert means_the_same(TEXT, other)


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("+ 1", "+ 2"),
        TEXT.replace("f(x)", "f(x=1)"),
        TEXT.replace("    return", "    print(g())\n    return"),
        "def f(:",
    ],
)
def test_not_the_same(other: str) -> None:
    assert not means_the_same(TEXT, other)


def test_local_variables_may_have_other_names() -> None:
    assert means_the_same(LOCAL.format("y"), LOCAL.format("z"))
    assert not means_the_same(LOCAL.format("y"), LOCAL.format("y").replace("g(y)", "g(x)"))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (TEXT.replace("+ 1", "- 2"), True),
        (TEXT.replace("x + 1", "x.a + 1"), False),
        (TEXT.replace("return", "y ="), False),
        ("def f(:", False),
    ],
)
def test_small_edits_keep_the_shape(other: str, expected: bool) -> None:
    assert has_the_same_shape(TEXT, other) is expected
