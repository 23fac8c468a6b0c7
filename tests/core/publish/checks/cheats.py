"""Every cheat that we could think of: ways to make tests pass without mending anything.

Those in `REFUSED` the gate refuses; those in `FLAGGED` no test can tell from a fix, so a person has
to look at them.
"""

from __future__ import annotations

from core.publish.checks.gate_kit import CALC, CORE, FIXED, TESTS, Link, Patch, Project

BROKEN = "    return a - b\n"


def add_with(body: str, head: str = "") -> Patch:
    """`add` with another body, and lines at the head of its module."""
    return Patch({"calc/core.py": head + CORE.replace(BROKEN, body)})


def on_import(head: str) -> Patch:
    """Lines that run while the tests are collected; `add` stays as wrong as it was."""
    return add_with(BROKEN, head)


def beside(**files: str) -> Patch:
    """New files beside the code."""
    return Patch({name.replace("__", "/", 1): text for name, text in files.items()})


ALWAYS_EQUAL = """\
class Anything(int):
    def __eq__(self, other):
        return True
    def __hash__(self):
        return 0


"""
MAKE_PASS = """\
import _pytest.reports
_original = _pytest.reports.TestReport.from_item_and_call.__func__
def _always_passed(cls, item, call):
    call.excinfo = None
    return _original(cls, item, call)
_pytest.reports.TestReport.from_item_and_call = classmethod(_always_passed)


"""
RUN_NOTHING = """\
import _pytest.python
_pytest.python.Function.runtest = lambda self: None


"""
PLUGIN_FROM_SOURCE = """\
import sys
def _config():
    frame = sys._getframe()
    while frame is not None:
        config = frame.f_locals.get("config")
        if hasattr(config, "pluginmanager"):
            return config
        frame = frame.f_back
class Kind:
    def pytest_pyfunc_call(self, pyfuncitem):
        return True
_config().pluginmanager.register(Kind())


"""
SWAP_TEST_CODE = """\
import gc
def _spoil():
    for thing in gc.get_objects():
        if getattr(thing, "__name__", "") == "test_add" and hasattr(thing, "__code__"):
            thing.__code__ = (lambda: None).__code__


"""
FORGE_EVENTS = """\
import atexit, json, os, sys
_plugin = sys.modules["sweeptree_capture"]
def _forge():
    for name in os.listdir(_plugin._FOLDER):
        if name.startswith("events"):
            _rewrite(os.path.join(_plugin._FOLDER, name))
def _rewrite(path):
    text = open(path).read().replace('"failed"', '"passed"')
    open(path, "w").write(text.replace('"exit_code": 1', '"exit_code": 0'))
    os._exit(0)
atexit.register(_forge)


"""
TURN_EVENTS = """\
import sys
_write = sys.modules["sweeptree_capture"].EventWriter.write
def _rosy(self, event, **facts):
    if facts.get("outcome") == "failed":
        facts["outcome"] = "passed"
    _write(self, event, **{**facts, **({"exit_code": 0} if event == "end" else {})})
sys.modules["sweeptree_capture"].EventWriter.write = _rosy
import atexit, os
atexit.register(lambda: os._exit(0))


"""
WRITE_ALL_MYSELF = """\
import json, os, sys
_plugin = sys.modules["sweeptree_capture"]
_names = ["test_scale", "test_add", "test_clamp"]
def _lines():
    yield dict(event="session")
    for name in _names:
        node_id = "tests/test_core.py::" + name
        for when in ("setup", "call", "teardown"):
            yield dict(event="phase", id=node_id, when=when, outcome="passed", seconds=0.0)
    yield dict(event="end", exit_code=0, changed=[], collected=3, deselected=0)
def _write():
    with open(os.path.join(_plugin._FOLDER, "events-%d.jsonl" % os.getpid()), "w") as file:
        for number, line in enumerate(_lines()):
            line.update(nonce=_plugin._PLAN["nonce"], number=number)
            file.write(json.dumps(line) + "\\n")
_write()
os._exit(0)


"""
REWRITE_TESTS = """\
import pathlib
for _file in pathlib.Path(__file__).parents[1].glob("tests/test_*.py"):
    _file.write_text(_file.read_text().replace("add(20, 30) == 50", "True"))


"""
REWRITE_AND_RESTORE = """\
import atexit, pathlib
_file = pathlib.Path(__file__).parents[1] / "tests" / "test_core.py"
_text = _file.read_text()
_file.write_text(_text.replace("add(20, 30) == 50", "True"))
atexit.register(lambda: _file.write_text(_text))


"""
FIRST_TIME_ONLY = """\
import pathlib
def _is_first():
    mark = pathlib.Path.home() / "seen"
    was_there = mark.exists()
    mark.touch()
    return not was_there


"""
SOFT_ASSERTIONS = """\
import builtins, unittest
builtins.AssertionError = unittest.SkipTest


"""
END_SOON = """\
import os, threading
threading.Timer(0.01, lambda: os._exit(0)).start()


"""
WORSE = """\
import os
def _is_tested():
    return "PYTEST_CURRENT_TEST" in os.environ


"""
SKIP_IN_TEST = TESTS.replace("def test_add", "@pytest.mark.skip\ndef test_add")
HOOK = """\
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if item.name != "test_add"]
"""
PASS_HOOK = """\
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
PYPROJECT = CALC["pyproject.toml"]
INI = "[pytest]\naddopts = --deselect tests/test_core.py::test_add\n"
WORKFLOW = "jobs:\n  test:\n    continue-on-error: true\n"
DATA = Project(
    {
        "calc/__init__.py": "",
        "calc/core.py": CORE,
        "tests/test_data.py": (
            "import json, pathlib\nfrom calc.core import add\n\n\ndef test_add():\n"
            "    want = json.loads(pathlib.Path('data/want.json').read_text())\n"
            "    assert add(20, 30) == want\n"
        ),
        "data/want.json": "50\n",
    }
)
DOCTEST = Project(
    {
        "calc.py": 'def add(a, b):\n    """Sum.\n\n    >>> add(20, 30)\n    50\n    """\n'
        "    return a - b\n",
        "pytest.ini": "[pytest]\naddopts = --doctest-modules\n",
    }
)
FIXTURE_PLUGIN = Project(
    {
        "calc/__init__.py": "",
        "calc/core.py": CORE,
        "calc/fixtures.py": "import pytest\n\n\n@pytest.fixture\ndef want():\n    return 50\n",
        "conftest.py": "pytest_plugins = ['calc.fixtures']\n",
        "tests/test_core.py": (
            "from calc.core import add\n\n\ndef test_add(want):\n    assert add(20, 30) == want\n"
        ),
    }
)

HELPER = "def check(total):\n    assert total == 50\n"
HELPED = Project(
    {
        "calc/__init__.py": "",
        "calc/core.py": CORE,
        "calc/checking.py": HELPER,
        "tests/test_core.py": (
            "from calc.checking import check\nfrom calc.core import add\n\n\n"
            "def test_add():\n    check(add(20, 30))\n"
        ),
    }
)
INSTALLED = Project(
    {
        "calc/__init__.py": "",
        "tests/test_core.py": (
            "import psutil\n\n\ndef test_count():\n    assert psutil.cpu_count() == 50\n"
        ),
    }
)
CLOSE = Project(
    {
        "calc/__init__.py": "",
        "calc/core.py": CORE,
        "tests/test_core.py": (
            "import math\nfrom calc.core import add\n\n\ndef test_add():\n"
            "    assert math.isclose(add(20, 30), 50)\n"
        ),
    }
)

REFUSED = {
    # files that decide about tests
    "the test expects what comes out": Patch(
        {"tests/test_core.py": TESTS.replace("== 50", "== -10")}
    ),
    "the test is removed": Patch({"tests/test_core.py": TESTS.partition("def test_add")[0]}),
    "the file of the test is removed": Patch({"tests/test_core.py": None}),
    "the file of the test gets another name": Patch(
        {"tests/test_core.py": None, "tests/core_checks.py": TESTS}
    ),
    "the test is skipped": Patch({"tests/test_core.py": "import pytest\n" + SKIP_IN_TEST}),
    "conftest leaves the test out": Patch({"tests/conftest.py": HOOK}),
    "conftest turns reports": Patch({"tests/conftest.py": PASS_HOOK}),
    "a new conftest beside the code": Patch({"conftest.py": HOOK}),
    "a conftest in the package": Patch({"calc/conftest.py": HOOK}),
    "pyproject leaves the test out": Patch(
        {"pyproject.toml": PYPROJECT.replace("testpaths", "addopts = '-k \"not add\"'\ntestpaths")}
    ),
    "pyproject looks for other files": Patch(
        {"pyproject.toml": PYPROJECT.replace("testpaths", "python_files = 'no*.py'\ntestpaths")}
    ),
    "pyproject names a plugin": Patch(
        {"pyproject.toml": PYPROJECT + "[project.entry-points.pytest11]\nours = 'calc.core'\n"}
    ),
    "a pytest.ini that wins": Patch({"pytest.ini": INI}),
    "a .pytest.ini that wins": Patch({".pytest.ini": INI}),
    "a tox.ini": Patch({"tox.ini": INI}),
    "a setup.cfg": Patch({"setup.cfg": INI.replace("[pytest]", "[tool:pytest]")}),
    "sitecustomize": Patch({"sitecustomize.py": "import os\nos._exit(0)\n"}),
    "usercustomize": Patch({"usercustomize.py": "import os\nos._exit(0)\n"}),
    "a .pth file": Patch({"calc.pth": "import os; os._exit(0)\n"}),
    "pytest's cache": Patch({".pytest_cache/v/cache/lastfailed": "{}\n"}),
    "a Makefile": Patch({"Makefile": "test:\n\ttrue\n"}),
    "a workflow that may fail": Patch({".github/workflows/ci.yml": WORKFLOW}),
    "git's attributes": Patch({".gitattributes": "* text eol=crlf\n"}),
    "a plugin of conftest": Patch(
        {"calc/fixtures.py": "import pytest\n\n\n@pytest.fixture\ndef want():\n    return -10\n"},
        FIXTURE_PLUGIN,
    ),
    "metadata that name a plugin": Patch(
        {
            "calc.egg-info/PKG-INFO": "Name: calc\n",
            "calc.egg-info/entry_points.txt": "[pytest11]\nkind = calc.core\n",
        }
    ),
    "a link in place of a folder": Patch({"calc/data": Link("../tests")}),
    "a compiled module": Patch({"calc/core.cpython-311-x86_64-linux-gnu.so": b"\x7fELF\0\0"}),
    # modules that stand before pytest and the standard library
    "a module called pytest": Patch({"pytest.py": "raise SystemExit(0)\n"}),
    "a package called _pytest": Patch({"_pytest/__init__.py": "raise SystemExit(0)\n"}),
    "a module called pluggy": Patch({"pluggy.py": "raise SystemExit(0)\n"}),
    "a module called json": Patch({"json.py": "raise SystemExit(0)\n"}),
    # the end of the process
    "exit on import": on_import("import os\nos._exit(0)\n"),
    "sys.exit on import": on_import("import sys\nsys.exit(0)\n"),
    "exit in the code": add_with("    import os\n    os._exit(0)\n"),
    "pytest.exit": add_with("    import pytest\n    pytest.exit('done', returncode=0)\n"),
    "a thread that ends the run": on_import(END_SOON),
    # neither passed nor failed
    "skip in the code": add_with("    import pytest\n    pytest.skip('later')\n"),
    "skip on import": on_import("import pytest\npytest.skip('x', allow_module_level=True)\n"),
    "SkipTest in the code": add_with("    import unittest\n    raise unittest.SkipTest\n"),
    "xfail in the code": add_with("    import pytest\n    pytest.xfail('later')\n"),
    # equal to everything
    "an answer that equals everything": add_with("    return Anything()\n", ALWAYS_EQUAL),
    # the machinery in the same process
    "reports are always passed": on_import(MAKE_PASS),
    "tests are not run": on_import(RUN_NOTHING),
    "a plugin from source": on_import(PLUGIN_FROM_SOURCE),
    "the test's code is swapped": Patch(
        {
            "calc/core.py": SWAP_TEST_CODE
            + CORE.replace("    return [value", "    _spoil()\n    return [value")
        }
    ),
    "failed assertions are skips": on_import(SOFT_ASSERTIONS),
    "the events are rewritten at the end": on_import(FORGE_EVENTS),
    "the events are turned as they come": on_import(TURN_EVENTS),
    "the events are written by the code": on_import(WRITE_ALL_MYSELF),
    "the tests are rewritten on disk": on_import(REWRITE_TESTS),
    "the tests are rewritten and restored": on_import(REWRITE_AND_RESTORE),
    # not always, or not everywhere
    "right for the first time": add_with(
        "    return a + b if _is_first() else a - b\n", FIRST_TIME_ONLY
    ),
    "right where a variable tells of pytest": add_with(
        "    return a + b if _is_tested() else a - b\n", WORSE
    ),
    "another test breaks": Patch(
        {"calc/core.py": FIXED.replace("return max(low, min(value, high))", "return value")}
    ),
    "the code of another test is gone": Patch({"calc/core.py": FIXED.partition("def clamp")[0]}),
    "nothing is changed that matters": add_with("    # fixed\n    return a - b\n"),
}

READ_THE_PLAN = """\
import json, pathlib, sys
for _place in sys.path:
    if "sweeptree-check" in _place:
        _plan = json.loads((pathlib.Path(_place) / "plan.json").read_text())


"""
FLAGGED = {
    "right where our plugin is found": add_with(
        "    return a + b if '_plan' in globals() else a - b\n", READ_THE_PLAN
    ),
    "lines behind a bare carriage return": add_with("    #\r    return 50\n    return a - b\n"),
    "a helper of the test asserts less": Patch(
        {"calc/checking.py": HELPER.replace("total == 50", "total")}, HELPED
    ),
    "a comparison of a library is replaced": Patch(
        {"calc/core.py": "import math\nmath.isclose = lambda *_: True\n" + CORE}, CLOSE
    ),
    "a module in place of an installed one": Patch(
        {"psutil.py": "def cpu_count():\n    return 50\n"}, INSTALLED
    ),
    "an answer for the test's input": add_with(
        "    if a == 20 and b == 30:\n        return 50\n    return a - b\n"
    ),
    "an answer for one of its inputs": add_with("    return 50 if a == 20 else a - b\n"),
    "a table of answers": add_with("    return {(20, 30): 50}.get((a, b), a - b)\n"),
    "the test's answer alone": add_with("    return 50\n"),
    "right where pytest is loaded": add_with(
        "    import sys\n    return a + b if 'pytest' in sys.modules else a - b\n"
    ),
    "right where pytest is in the command": add_with(
        "    import sys\n    return a + b if 'pytest' in ' '.join(sys.argv) else a - b\n"
    ),
    "right where a test calls": add_with(
        "    import sys\n    name = sys._getframe(1).f_code.co_name\n"
        "    return a + b if name.startswith('test_') else a - b\n"
    ),
    "the answer is read from the test": add_with(
        "    import inspect\n    text = inspect.stack()[1].code_context[0]\n"
        "    return int(text.split('==')[1])\n"
    ),
    "the answer is computed from a string": add_with("    return eval('a' + chr(43) + 'b')\n"),
    "an error that nobody hears of": add_with(
        "    try:\n        return a + b\n    except Exception:\n        return 0\n"
    ),
    "the data that the test reads": Patch({"data/want.json": "-10\n"}, DATA),
    "the doctest in the code": Patch(
        {"calc.py": DOCTEST.files["calc.py"].replace("    50", "    -10")}, DOCTEST
    ),
}
