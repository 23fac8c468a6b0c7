"""What can be seen from a statement."""

from core.repair.search.search_kit import site_of

CODE = """\
LIMIT = 3

def outer(first):
    def inner(second):
        if first > LIMIT and second:
            return first
        return second
    return inner
"""


def test_names_of_all_functions_around() -> None:
    assert site_of(CODE, 6).names == ["first", "second"]


def test_names_of_the_module() -> None:
    assert site_of(CODE, 6).module_names == ["LIMIT", "outer"]


def test_conditions_with_their_operands() -> None:
    assert site_of(CODE, 7).conditions == ["first > LIMIT and second", "first > LIMIT", "second"]


def test_what_is_returned_elsewhere() -> None:
    assert set(site_of(CODE, 6).returned) == {"first", "second", "inner"}


def test_lines_are_inserted_with_the_indentation() -> None:
    site = site_of(CODE, 6)
    text = site.source.edited(site.insert_before("a\n  b")).decode()
    assert "            a\n              b\n            return first" in text


def test_a_line_is_inserted_behind_the_last_one_of_a_file_without_an_end() -> None:
    site = site_of("def f():\n    a()", 2)
    assert site.source.edited(site.insert_after("b()")) == b"def f():\n    a()\n    b()\n"


def test_a_statement_beside_another_does_not_stand_alone() -> None:
    assert not site_of("a = 1; b = 2", 1).stands_alone
    assert site_of("a = 1  # why", 1).stands_alone
