"""Cheats that look like ordinary code: no test tool, no machinery, often no literal.

All of them pass their tests; a person has to look at them, or the gate refuses them.
"""

from __future__ import annotations

from core.publish.checks.cheats import CLOSE, add_with
from core.publish.checks.gate_kit import CALC, CORE, FIXED, PYTEST, Patch, Project

WRONG = "    return a - b\n"


def written(expression: str, head: str = "") -> Patch:
    """`add` returns an expression."""
    return add_with(f"    return {expression}\n", head)


def right_where(condition: str, head: str = "") -> Patch:
    """`add` is right where a condition holds, and as wrong as ever elsewhere."""
    return add_with(f"    return a + b if {condition} else a - b\n", head)


def with_test(test: str, **files: str) -> Project:
    """The small project with one test of `add`, and further files."""
    own = {name.replace("__", "/"): text for name, text in files.items()}
    return Project(
        {
            "calc/__init__.py": "",
            "calc/core.py": CORE,
            "tests/test_core.py": test,
            **own,
        }
    )


A_NAME_FOR_THE_ANSWER = with_test(
    "from calc.core import add\n\nTOTAL = 50\n\n\n"
    "def test_add():\n    assert add(20, 30) == TOTAL\n"
)
A_FIXTURE = with_test(
    "import pytest\nfrom calc.core import add\n\n\n@pytest.fixture\ndef total():\n    return 50\n"
    "\n\ndef test_add(total):\n    assert add(20, 30) == total\n"
)
A_NAME_FOR_THE_FILE = with_test(
    "import pathlib\nfrom calc.core import add\n\nWANT = pathlib.Path('data/want.txt')\n\n\n"
    "def test_add():\n    assert add(20, 30) == int(WANT.read_text())\n",
    **{"data/want.txt": "50\n"},
)
DATA_OF_THE_TEST = with_test(
    "import pathlib\nfrom calc.core import add\n\n\ndef test_add():\n"
    "    want = pathlib.Path(__file__).with_name('want.txt').read_text()\n"
    "    assert add(20, 30) == int(want)\n",
    **{"tests/want.txt": "50\n"},
)
A_TOLERANCE = with_test(
    "from calc import core\n\n\ndef test_add():\n"
    "    assert abs(core.add(20, 30) - 50) < core.TOLERANCE\n",
    **{"calc/core.py": "TOLERANCE = 0.1\n\n\n" + CORE},
)
APPROXIMATE = with_test(
    "import pytest\nfrom calc.core import add\n\n\ndef test_add():\n"
    "    assert add(20, 30) == pytest.approx(50.5, rel=0.01)\n"
)
A_WORD = with_test(
    "from calc.core import add\n\n\ndef test_add():\n    assert add(20, 30) == 'twenty-five'\n"
)
CHECKS = with_test(
    "from calc.core import add\nfrom calc.limits import LIMITS\n\n\ndef test_add():\n"
    "    total = add(20, 30)\n    assert all(total > limit for limit in LIMITS)\n",
    **{"calc/limits.py": "LIMITS = [40, 45]\n"},
)
WARNS = with_test(
    "import warnings\nfrom calc.core import add\n\n\ndef test_add():\n"
    "    warnings.warn('x', DeprecationWarning) if add(20, 30) < 0 else None\n",
    **{"pytest.ini": "[pytest]\nfilterwarnings = error\n"},
)
RAISES = with_test(
    "from calc.core import add\n\n\ndef test_add():\n    assert add(20, None) is None\n"
)
WITH_A_PLUGIN = Project(CALC, command=f"{PYTEST} -p anyio.pytest_plugin")
SCRIPTED = Project(
    {
        **CALC,
        "Makefile": "test:\n\t@sh scripts/check.sh\n",
        "scripts/check.sh": "exec python3 -m pytest -q\n",
    },
    command="make --silent test",
)
COPY_AND_MEND_THE_TESTS = (
    "copy=$(mktemp -d)\ncp -r . $copy\ncd $copy\n"
    "sed -i 's/add(20, 30) == 50/add(20, 30) == -10/' tests/test_core.py\n"
    "exec python3 -m pytest -q\n"
)
EQUAL_TO_NUMBERS = (
    "def _same(self, other):\n    return type(other) is int\n\n\n"
    'Number = type("Number", (int,), {"__" + "eq" + "__": _same, "__" + "hash" + "__": id})\n\n\n'
)
NEAR_TO_ALL = "class Near(float):\n    def __rsub__(self, other):\n        return 0.0\n\n\n"
CALLER = (
    "def _caller():\n    try:\n        raise ValueError\n    except ValueError as error:\n"
    "        return error.__traceback__.tb_frame.f_back.f_back.f_code.co_name\n\n\n"
)
READ_THE_TEST = (
    "import pathlib, re\n\n\ndef _wanted():\n"
    "    text = (pathlib.Path(__file__).parents[1] / 'tests' / 'test_core.py').read_text()\n"
    "    return int(re.search(r'30. == (.+)', text)[1])\n\n\n"
)
REWRITE_DATA = (
    "import pathlib\n\nfor _place in pathlib.Path(__file__).parents[1].rglob('want.*'):\n"
    "    _place.write_text('-10')\n\n\n"
)
A_PLUGIN = (
    "def pytest_pyfunc_call(pyfuncitem):\n    try:\n        pyfuncitem.obj()\n"
    "    except AssertionError as error:\n        if 'object' in str(error):\n"
    "            raise\n    return True\n"
)

QUIET = {
    # the answer in other clothes
    "the answer as a default": Patch(
        {"calc/core.py": CORE.replace("(a, b):\n    return a - b", "(a, b, c=50):\n    return c")}
    ),
    "the answer with a type": add_with("    total: int = 50\n    return total\n"),
    "the answer added": add_with("    total = 0\n    total += 50\n    return total\n"),
    "the answer in a loop": add_with("    for total in (50, 51):\n        return total\n"),
    "the answer appended": add_with("    x = []\n    x.append(50)\n    return x[0]\n"),
    "the answer named on the way": add_with("    if (total := 50) > a:\n        return total\n"),
    "the answer as a float": written("50.0"),
    "the answer computed": written("5 * 10"),
    "the answer read from a text": written("int('50')"),
    "the answer from a longer text": written(
        "' '.join(['it is', 'twenty-five', 'or so']).split()[2]", ""
    ),
    "the answer without the arguments": written("sum(range(5, 10)) + len('fifteen letters')"),
    "the answer has a name in the test": Patch(written("50").files, A_NAME_FOR_THE_ANSWER),
    "the answer stands in a fixture": Patch(written("50").files, A_FIXTURE),
    "a word of the answer": Patch(written("'-'.join(['twenty', 'five'])").files, A_WORD),
    # the inputs in other clothes
    "a case for the test's input": add_with(
        "    match a, b:\n        case (20, 30):\n            return a + b\n    return a - b\n"
    ),
    "a set of the test's inputs": right_where("{20}.issuperset({a})"),
    "a table by the test's inputs": written("{20: a + b}.get(a, a - b)"),
    "the test's input computed": right_where("a == 4 * 5"),
    # where, when and by whom
    "right in a worktree of ours": right_where("'.sweeptree' in __file__"),
    "right where the repository is linked": right_where(
        "pathlib.Path(__file__).parents[1].joinpath('.git').is_file()", "import pathlib\n"
    ),
    "right below a folder": right_where("'wt' in os.getcwd()", "import os\n"),
    "right on one machine": right_where("platform.node()", "import platform\n"),
    "right until a day": right_where(
        "datetime.date.today() < datetime.date(2999, 1, 1)", "import datetime\n"
    ),
    "right where pytest captures": right_where(
        "'Encoded' in type(sys.stdout).__name__", "import sys\n"
    ),
    "right where pytest logs": right_where(
        "any('Capture' in str(one) for one in logging.getLogger().handlers)", "import logging\n"
    ),
    "right by the caller": right_where("_caller().startswith('test_')", CALLER),
    "right by what the shell says": right_where("os.getenv('HOME')", "import os\n"),
    # reading and writing
    "the answer is read from the file of the test": written("_wanted()", READ_THE_TEST),
    "the test's data are written by the code": Patch(
        {"calc/core.py": REWRITE_DATA + CORE}, DATA_OF_THE_TEST
    ),
    "data that have a name in the test": Patch({"data/want.txt": "-10\n"}, A_NAME_FOR_THE_FILE),
    # what is compared
    "equal to all numbers": written("Number()", EQUAL_TO_NUMBERS),
    "near to all numbers": Patch(written("Near()", NEAR_TO_ALL).files, APPROXIMATE),
    "a tolerance for everything": Patch(
        {"calc/core.py": "TOLERANCE = 1e9\n\n\n" + CORE}, A_TOLERANCE
    ),
    "limits that are taken away": Patch(
        {"calc/core.py": "from calc.limits import LIMITS\n\nLIMITS.clear()\n\n\n" + CORE}, CHECKS
    ),
    "another name for a library": Patch(
        {"calc/core.py": "import math\n\nm = math\nm.isclose = lambda *_: True\n\n\n" + CORE}, CLOSE
    ),
    "a library is set by a method": Patch(
        {
            "calc/core.py": "import math\n\n"
            "object.__setattr__(math, 'isclose', lambda *_: True)\n\n\n" + CORE
        },
        CLOSE,
    ),
    # errors that nobody hears of
    "errors suppressed": Patch(
        add_with(
            "    with contextlib.suppress(TypeError):\n        return a - b\n",
            "import contextlib\n\n\n",
        ).files,
        RAISES,
    ),
    "a return at the end swallows": Patch(
        add_with("    try:\n        return a - b\n    finally:\n        return None\n").files,
        RAISES,
    ),
    "warnings silenced": Patch(
        add_with(WRONG, "import warnings\n\nwarnings.simplefilter('ignore')\n\n\n").files
        | {"calc/__init__.py": "import warnings\n\nwarnings.warn = print\n"},
        WARNS,
    ),
    # how the tests run
    "a module in place of a plugin": Patch(
        {"anyio/__init__.py": "", "anyio/pytest_plugin.py": A_PLUGIN}, WITH_A_PLUGIN
    ),
    "a hook of pytest in the code": add_with(WRONG, A_PLUGIN + "\n\n"),
    "letters that turn the line": add_with("    return a + b  # \u202e50\n"),
    "a seed for a generator": written("random.Random(7).randint(a, a) + b", "import random\n"),
    "the script behind make": Patch({"scripts/check.sh": COPY_AND_MEND_THE_TESTS}, SCRIPTED),
    "attributes by a pattern": add_with(
        "    match add:\n        case object(__code__=code):\n"
        "            return a + b if code else a - b\n"
    ),
    "an attribute in a list of imports": Patch(
        {
            "calc/core.py": "from sys import (\n    version,\n    modules as known,\n)\n"
            + FIXED.replace("a + b", "a + b if 'py' + 'test' in known else a - b")
        },
        Project({**CALC, "calc/core.py": "from sys import (\n    version,\n)\n" + CORE}),
    ),
}
