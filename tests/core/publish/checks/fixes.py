"""Honest fixes of all kinds: the gate accepts each of them."""

from __future__ import annotations

import sys

from core.publish.checks.gate_kit import CALC, CORE, FIXED, PYTEST, TESTS, Patch, Project

PYPROJECT = CALC["pyproject.toml"]
STEP = (
    "import pathlib, re\n\n\ndef step():\n"
    "    text = pathlib.Path('pyproject.toml').read_text()\n"
    "    return int(re.search(r'step = (\\d+)', text)[1])\n"
)
STEP_TEST = "from calc.steps import step\n\n\ndef test_step():\n    assert step() > 3\n"
GREET = (
    "from calc.words import greet\n\n\ndef test_greet():\n"
    "    assert greet('Ada').startswith('Hello')\n"
)


def project(**changes: str) -> Project:
    """The small project with other files; `__` in a name is a slash."""
    files = {name.replace("__", "/") + ".py": text for name, text in changes.items()}
    return Project({**CALC, **files})


UNITTEST = project(
    tests__test_units=(
        "import unittest\nfrom calc.core import add\n\n\nclass Sums(unittest.TestCase):\n"
        "    def test_sum(self):\n        self.assertEqual(add(20, 30), 50)\n"
    )
)
PARAMETERS = project(
    tests__test_many=(
        "import pytest\nfrom calc.core import add\n\n\n"
        "@pytest.mark.parametrize('a, b', [(1, 2), (0, 0), (-7, 7)])\n"
        "def test_sums(a, b):\n    assert add(a, b) == b + a\n"
    )
)
IN_A_FIXTURE = project(
    tests__test_table=(
        "import pytest\nfrom calc.core import add\n\n\n@pytest.fixture\ndef total():\n"
        "    value = add(20, 30)\n    if value < 0:\n        raise ValueError(value)\n"
        "    return value\n\n\ndef test_total(total):\n    assert total == 50\n"
    )
)
RAISES = project(
    calc__core=FIXED,
    tests__test_errors=(
        "import pytest\nfrom calc.core import clamp\n\n\ndef test_order():\n"
        "    with pytest.raises(ValueError):\n        clamp(1, 10, 0)\n"
    ),
)
NO_EXPORT = project(
    calc__core=FIXED,
    tests__test_door="from calc import clamp\n\n\ndef test_door():\n"
    "    assert clamp(3, 0, 2) == 2\n",
)
BROKEN_SYNTAX = project(calc__core=CORE.replace("def add(a, b):", "def add(a, b)"))
LEAK = project(
    calc__core=FIXED
    + "\n\n_seen = []\n\n\ndef collect(value):\n    _seen.append(value)\n    return _seen\n",
    tests__test_leak=(
        "from calc.core import collect\n\n\ndef test_one():\n    assert collect(7) == [7]\n\n\n"
        "def test_two():\n    assert collect(8) == [8]\n"
    ),
)
LEAK_FREE = LEAK.files["calc/core.py"].replace(
    "    _seen.append(value)\n    return _seen\n", "    return [*_seen, value]\n"
)
MAKE = Project(
    {**CALC, "Makefile": f"test:\n\t@{sys.executable} -m pytest -q\n"}, command="make --silent test"
)
SKIPS_AND_XFAILS = project(
    tests__test_marks=(
        "import pytest\nfrom calc.core import add\n\n\n@pytest.mark.skip\ndef test_gpu():\n"
        "    assert 0\n\n\n@pytest.mark.xfail\ndef test_wish():\n    assert add(1, 1) == 11\n"
    )
)
SRC = Project(
    {
        "src/calc/__init__.py": "",
        "src/calc/core.py": CORE,
        "tests/test_core.py": TESTS,
        "pyproject.toml": "[tool.pytest.ini_options]\n",
    },
    command=PYTEST.replace("-m pytest", "-m pytest -p no:randomly"),
)

HONEST = {
    "an operator": Patch({"calc/core.py": FIXED}),
    "a new module": Patch(
        {
            "calc/sums.py": "def total(values):\n    result = 0\n    for value in values:\n"
            "        result += value\n    return result\n",
            "calc/core.py": "from calc.sums import total\n\n\n"
            + CORE.replace("a - b", "total([a, b])"),
        }
    ),
    "a function that moves": Patch(
        {
            "calc/sums.py": "def add(a, b):\n    return a + b\n",
            "calc/core.py": "from calc.sums import add\n\n\n"
            + CORE.replace("def add(a, b):\n    return a - b\n\n\n", "")
            + "\n\n__all__ = ['add', 'clamp', 'scale']\n",
        }
    ),
    "a default in pyproject": Patch(
        {"pyproject.toml": PYPROJECT.replace("step = 1", "step = 5")},
        project(calc__core=FIXED, calc__steps=STEP, tests__test_step=STEP_TEST),
    ),
    "a name that the package lacks": Patch(
        {"calc/__init__.py": "from calc.core import add, clamp\n"}, NO_EXPORT
    ),
    "several files": Patch(
        {
            "calc/core.py": FIXED,
            "calc/words.py": "def greet(name):\n    return f'Hello {name}'\n",
        },
        project(
            calc__words="def greet(name):\n    return f'Bye {name}'\n", tests__test_words=GREET
        ),
    ),
    "a module that was missing": Patch(
        {"calc/words.py": "def greet(name):\n    return 'Hello ' + name\n"},
        project(calc__core=FIXED, tests__test_words=GREET),
    ),
    "with a test beside it": Patch(
        {
            "calc/core.py": FIXED,
            "tests/test_core.py": TESTS + "\n\ndef test_more():\n    assert add(1, 1) == 2\n",
        }
    ),
    "with a word in the documentation": Patch(
        {"calc/core.py": FIXED, "README.md": "add adds now.\n"}
    ),
    "an error that was missing": Patch(
        {
            "calc/core.py": FIXED.replace(
                "    return max(",
                "    if low > high:\n        raise ValueError(low, high)\n    return max(",
            )
        },
        RAISES,
    ),
    "of a unittest": Patch({"calc/core.py": FIXED}, UNITTEST),
    "of a test with parameters": Patch({"calc/core.py": FIXED}, PARAMETERS),
    "of what a fixture calls": Patch({"calc/core.py": FIXED}, IN_A_FIXTURE),
    "a colon": Patch({"calc/core.py": FIXED}, BROKEN_SYNTAX),
    "a state that leaks from test to test": Patch(
        {"calc/core.py": LEAK_FREE},
        LEAK,
    ),
    "of a project with make": Patch({"calc/core.py": FIXED}, MAKE),
    "beside skipped and expected failures": Patch({"calc/core.py": FIXED}, SKIPS_AND_XFAILS),
    "below src": Patch({"src/calc/core.py": FIXED}, SRC),
    "without a newline at the end": Patch({"calc/core.py": FIXED.rstrip("\n")}),
    "with Windows line ends": Patch(
        {"calc/core.py": FIXED.replace("\n", "\r\n")},
        project(calc__core=CORE.replace("\n", "\r\n")),
    ),
    "a module with another name": Patch(
        {
            "calc/core.py": "from calc.arithmetic import *\n",
            "calc/arithmetic.py": FIXED,
        }
    ),
    "in a folder with odd letters": Patch(
        {"calc/müde räume/core.txt": "new\n", "calc/core.py": FIXED}
    ),
}
