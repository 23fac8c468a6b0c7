"""Constants, indices and slices."""

from core.repair.search.search_kit import in_function
from sweeptree.repair.search.harness.templates import values


def test_a_number_one_step_away() -> None:
    assert in_function(values.number_step, "return items[2]") == [
        "return items[3]",
        "return items[1]",
    ]


def test_nothing_becomes_a_sum_with_zero() -> None:
    assert in_function(values.number_step, "return a + 1") == ["return a + 2"]


def test_numbers_that_are_usual() -> None:
    assert "return a > 0.2" in in_function(values.number_other, "return a > 2.0")


def test_true_and_false() -> None:
    assert in_function(values.constant_flip, "return True") == ["return False"]


def test_strings_of_the_function() -> None:
    made = in_function(values.string_swap, "return a['x'] + b['y']")
    assert "return a['y'] + b['y']" in made


def test_one_more_where_numbers_stand() -> None:
    assert "return items[a + 1]" in in_function(values.plus_minus_one, "return items[a]")
    assert in_function(values.plus_minus_one, "print.flush") == []


def test_what_is_stepped_already_is_left_to_other_templates() -> None:
    assert "return items[a - 1 + 1]" not in in_function(
        values.plus_minus_one, "return items[a - 1]"
    )


def test_bounds_of_a_slice() -> None:
    made = in_function(values.slices, "return items[:b]")
    assert {"return items[:]", "return items[1:b]", "return items[b:]"} <= set(made)


def test_an_index_becomes_a_slice() -> None:
    assert "return items[a:]" in in_function(values.index_to_slice, "return items[a]")
    assert "return items[::-1]" in in_function(values.index_to_slice, "return items")


def test_indices_and_parts_change_places() -> None:
    assert in_function(values.swap_indices, "return items[a][b]") == ["return items[b][a]"]
    assert in_function(values.swap_indices, "return a, b") == ["return b, a"]
