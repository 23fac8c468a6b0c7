"""Living code changes and comes back."""

from pathlib import Path
from types import ModuleType

import pytest

from core.repair.search.search_kit import load
from sweeptree.repair.search.harness.live import LiveCode, UnreachedError
from sweeptree.repair.search.harness.source import Edit, SourceFile

CODE = """\
from __future__ import annotations
import functools

LIMIT = 1

def wrapped(function):
    @functools.wraps(function)
    def inner(*given):
        return function(*given)
    return inner

@wrapped
def decorated(n):
    return n + 1

def limited(n, most=5):
    return min(n, most, LIMIT)

class Box:
    size = 3

    def area(self):
        return [side * side for side in [self.size]][0]
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    (tmp_path / "live_subject.py").write_text(CODE)
    return load(tmp_path / "live_subject.py", "live_subject")


def change(module: ModuleType, old: str, new: str) -> object:
    path = Path(str(module.__file__))
    source = SourceFile(str(path))
    start = source.data.index(old.encode())
    live = LiveCode(f"{path.parent}/")
    return live.apply(source, (Edit(start, start + len(old), new),))


@pytest.mark.parametrize(
    ("old", "new", "call", "before", "after"),
    [
        ("n + 1", "n - 1", "decorated(5)", 6, 4),
        ("LIMIT = 1", "LIMIT = 2", "limited(9)", 1, 2),
        ("most=5", "most=0", "limited(9)", 1, 0),
        ("size = 3", "size = 4", "Box().area()", 9, 16),
        ("side * side", "side + side", "Box().area()", 9, 6),
    ],
)
def test_a_change_lives_until_it_is_taken_back(
    module: ModuleType, old: str, new: str, call: str, before: int, after: int
) -> None:
    undo = change(module, old, new)
    assert eval(call, vars(module)) == after
    assert callable(undo)
    undo()
    assert eval(call, vars(module)) == before


def test_what_is_no_python_is_refused(module: ModuleType) -> None:
    with pytest.raises(SyntaxError):
        change(module, "n + 1", "n +")


@pytest.mark.parametrize("old", ["LIMIT = 1", "n + 1"])
def test_code_that_nothing_living_has_is_not_reached(tmp_path: Path, old: str) -> None:
    module = ModuleType("never_imported")
    module.__file__ = str(tmp_path / "never.py")
    (tmp_path / "never.py").write_text(CODE)
    with pytest.raises(UnreachedError):
        change(module, old, "0")
