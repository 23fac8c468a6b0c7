"""What one piece of code looks like."""

import ast

import pytest

from sweeptree.publish.checks.node_rules import node_rule


def rules(code: str) -> set[str]:
    return {rule for node in ast.walk(ast.parse(code)) if (rule := node_rule(node))}


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("match f:\n    case object(__code__=c): pass", "reaches into the machinery"),
        ("import pydoc", "reaches into the machinery"),
        ("logging.sys", "reaches into the machinery"),
        ("from urllib.request import urlopen", "talks to the network"),
        ("T = type('T', (int,), {})", "makes a class by hand"),
        ("class M(type): pass", "makes a class by hand"),
        ("x = '__e' + 'q__'", "says what it is equal to"),
        ("with suppress(ValueError): f()", "swallows errors"),
        ("def f():\n    try:\n        g()\n    finally:\n        return 1", "swallows errors"),
        ("class C:\n    def __exit__(self, *a):\n        return True", "swallows errors"),
        ("warnings.simplefilter('ignore')", "silences warnings"),
        ("numpy.random.default_rng(0)", "fixes the randomness"),
        ("os.getcwd()", "asks where or when it runs"),
        ("isinstance(sys.stdout, Y)", "looks for tests"),
        ("def pytest_pyfunc_call(): pass", "is a hook of pytest"),
    ],
)
def test_what_is_recognised(code: str, rule: str) -> None:
    assert rule in rules(code)


@pytest.mark.parametrize(
    "code",
    [
        "print(x, file=sys.stdout)",
        "self.__class__.__name__",
        "type(value)",
        "from urllib.parse import quote",
        "random.Random(seed)",
        "try:\n    f()\nexcept KeyError:\n    g()",
    ],
)
def test_what_is_ordinary(code: str) -> None:
    assert rules(code) == set()
