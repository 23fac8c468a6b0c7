"""A shell line as words."""

import pytest

from sweeptree.plan.shell import simple_commands


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("a  b", [["a", "b"]]),
        ("a 'b c' && d", [["a", "b c"], ["d"]]),
        ("a > log 2>&1; b | c", [["a"], ["b"], ["c"]]),
        ("a # it's a note", [["a"]]),
        ("a $(b c) `d e`", [["a", "$(b c)", "`d e`"]]),
        ("a 'b", []),
        ("", []),
    ],
)
def test_words_of_a_line(line: str, commands: list[list[str]]) -> None:
    assert simple_commands(line) == commands
