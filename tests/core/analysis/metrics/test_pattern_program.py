"""The program that looks for a pattern, as a process."""

import json
import subprocess
import sys

from sweeptree.analysis.metrics import pattern_program


def answers(pattern: str, *lines: str) -> list[object]:
    request = json.dumps({"pattern": pattern, "lines": lines})
    argv = [sys.executable, "-I", "-S", pattern_program.__file__]
    done = subprocess.run(argv, input=request, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_match_is_a_line_of_its_own() -> None:
    assert answers(r"a=(\d)", "a=1 a=2", "", "a=3") == [[0, {}, "1"], [0, {}, "2"], [2, {}, "3"]]


def test_named_groups_are_told() -> None:
    assert answers(r"(?P<auc>\d)(?P<no>x)?", "7") == [[0, {"auc": "7"}, "7"]]


def test_a_line_without_an_end_is_given_up_and_the_next_one_is_read() -> None:
    assert answers(r"(a+)+$", "a" * 3000 + "!", "aa") == [[0], [1, {}, "aa"]]
