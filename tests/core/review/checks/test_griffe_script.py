"""The script that runs griffe, by itself."""

import json
import subprocess
import sys
from pathlib import Path

from sweeptree.review.checks import griffe_script

SCRIPT = griffe_script.__file__


def run(*words: str | Path) -> list[dict[str, object]]:
    argv = [sys.executable, "-I", str(SCRIPT), *map(str, words)]
    answer = subprocess.run(argv, capture_output=True, text=True, check=True)
    found: list[dict[str, object]] = json.loads(answer.stdout)
    return found


def test_a_package_that_cannot_be_read_has_no_breaks(tmp_path: Path) -> None:
    assert run(tmp_path, tmp_path, "nothing") == []


def test_a_break_has_its_place_at_the_head(tmp_path: Path) -> None:
    for name, text in (("base", "def f(a, b): ...\n"), ("head", "\ndef f(a): ...\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.py").write_text(text)
    (found,) = run(tmp_path / "base", tmp_path / "head", "m")
    assert (found["path"], found["line"], found["object"]) == ("m.py", 2, "m.f")
