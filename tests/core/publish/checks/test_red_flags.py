"""Lines that a person has to look at."""

import pytest

from sweeptree.publish.checks.edits import FileEdit
from sweeptree.publish.checks.expectations import Expectations
from sweeptree.publish.checks.red_flags import find_red_flags


def rules(new: str, old: str = "", path: str = "a.py") -> set[str]:
    edit = FileEdit(path, old.encode(), new.encode())
    return {flag.rule for flag in find_red_flags([edit], Expectations())}


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("import pytest", "brings test tools into the code"),
        ("from unittest import mock", "brings test tools into the code"),
        ("os._exit(0)", "ends the process"),
        ("from os import _exit as leave", "ends the process"),
        ("raise SystemExit", "ends the process"),
        ("def __eq__(self, other): return True", "says what it is equal to"),
        ("__eq__ = always", "says what it is equal to"),
        ("'PYTEST_CURRENT_TEST' in names", "looks for tests"),
        ("sys.modules['x']", "reaches into the machinery"),
        ("from sys import modules", "reaches into the machinery"),
        ("f.__code__ = g.__code__", "reaches into the machinery"),
        ("getattr(thing, name)", "reaches into the machinery"),
        ("exec(text)", "reaches into the machinery"),
        ("import ctypes", "reaches into the machinery"),
        ("import json\njson.loads = str", "replaces a part of another module"),
        ("import a.b\na.b.c = 1", "replaces a part of another module"),
        ("subprocess.run(['x'])", "runs a program"),
        ("time.sleep(3)", "waits"),
        ("random.seed(0)", "fixes the randomness"),
        ("try:\n    f()\nexcept KeyError:\n    pass", "swallows errors"),
        ("try:\n    f()\nexcept:\n    raise", "swallows errors"),
        ("os.environ['A'] = 'b'", "reads or changes the environment"),
        ("from os import environ", "reads or changes the environment"),
        ("import sys as quiet", "reaches into the machinery"),
        ("from os import *", "reaches into the machinery"),
        ("sys.path[0]", "reaches into the machinery"),
        ("getattr(os, '_exit')(0)", "ends the process"),
        ("os.execl('/bin/true')", "ends the process"),
        ("import pickle", "reaches into the machinery"),
        ("# coding: unicode_escape", "hides code in its encoding"),
        ("x = 1\ry = 2", "hides lines"),
    ],
)
def test_a_suspicious_line(code: str, rule: str) -> None:
    assert rule in rules(code + "\n")


@pytest.mark.parametrize(
    "code",
    [
        "self.total = total + 1",
        "import numpy\nmean = numpy.mean(values)",
        "if not values:\n    raise ValueError('no values')",
        "try:\n    f()\nexcept KeyError as error:\n    raise ValueError from error",
        "getattr(thing, 'name', None)",
        "record.state = 'done'",
        "print(x, file=sys.stderr)",
        "name = self.__class__.__name__",
        "# -*- coding: utf-8 -*-",
    ],
)
def test_a_line_like_any_other(code: str) -> None:
    assert rules(code + "\n") == set()


def test_only_new_lines_count() -> None:
    old = "import pytest\nx = 1\n"
    assert rules("import pytest\nx = 2\n", old) == set()


def test_a_text_is_new_by_any_of_its_lines() -> None:
    old = 'RUN = """\none\n"""\n'
    assert rules(old.replace("one", "import pytest"), old) == {"looks for tests"}


def test_a_check_that_is_gone() -> None:
    assert rules("x = 1\n", "assert x > 0\nx = 1\n") == {"removes a check"}


@pytest.mark.parametrize(
    ("path", "line"),
    [("a.go", "t.Skip()"), ("a.js", "process.exit(0)"), ("run.sh", "make || true")],
)
def test_other_languages_by_their_words(path: str, line: str) -> None:
    assert rules(line + "\n", path=path) == {"evades tests"}


@pytest.mark.parametrize("path", ["setup.py", "package.json", "sub/requirements-dev.txt"])
def test_files_that_say_how_it_is_built(path: str) -> None:
    assert "changes how it is built" in rules("x\n", path=path)
