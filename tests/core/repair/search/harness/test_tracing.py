"""Which lines run: both ways say the same."""

from pathlib import Path

import pytest

from core.repair.search.search_kit import load
from sweeptree.repair.search.harness import tracing

CODE = "def f(a):\n    if a:\n        b = 1\n    else:\n        b = 2\n    return b\n"


@pytest.mark.parametrize("way", ["its own", "settrace"])
def test_the_lines_of_what_ran(tmp_path: Path, way: str) -> None:
    path = tmp_path / "traced_subject.py"
    path.write_text(CODE)
    module = load(path, "traced_subject")
    lines: tracing.Lines = {}
    root = f"{tmp_path}/"
    block = tracing.traced(root) if way == "its own" else tracing._by_settrace(root, lines)
    with block as found:
        module.f(True)
    assert (found or lines)[str(path)] >= {2, 3, 6}
    assert 5 not in (found or lines)[str(path)]


def test_nothing_outside_of_the_root(tmp_path: Path) -> None:
    with tracing.traced(f"{tmp_path}/") as lines:
        Path("a").with_name("b")
    assert lines == {}
