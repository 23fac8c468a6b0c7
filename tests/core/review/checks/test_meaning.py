"""What no test would notice."""

import pytest

from sweeptree.review.checks.meaning import means_the_same

TEXT = "import a\n\n\ndef f(x):\n    return x + 1\n"


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
