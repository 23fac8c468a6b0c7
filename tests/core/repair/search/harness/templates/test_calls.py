"""Arguments, and the function that is called."""

from core.repair.search.search_kit import in_function
from sweeptree.repair.search.harness.templates import calls


def test_a_function_that_is_mixed_up_with_another() -> None:
    assert in_function(calls.swap_function, "return min(a, b)")[0] == "return max(a, b)"
    assert "items.extend(a)" in in_function(calls.swap_function, "items.append(a)")


def test_names_that_are_alike() -> None:
    assert "round" in calls.alike("floor")
    assert calls.alike("unheard_of") == []


def test_arguments_change_places() -> None:
    assert in_function(calls.swap_arguments, "f(a, b)") == ["f(b, a)"]


def test_an_argument_less() -> None:
    assert in_function(calls.drop_argument, "f(a, b, c=1)") == ["f(b, c=1)", "f(a, c=1)", "f(a, b)"]


def test_an_argument_more() -> None:
    made = in_function(calls.add_argument, "return items.pop()")
    assert "return items.pop(0)" in made
    assert "return items.pop(b)" in made


def test_a_value_goes_through_a_function() -> None:
    made = in_function(calls.wrap_call, "return items")
    assert {"return sorted(items)", "return items.copy()"} <= set(made)


def test_what_is_called_is_not_wrapped() -> None:
    assert not [text for text in in_function(calls.wrap_call, "a()") if "list(a)" in text]


def test_a_call_is_left_out() -> None:
    assert in_function(calls.unwrap_call, "return abs(a - b)") == ["return (a - b)"]
    assert in_function(calls.unwrap_call, "return a.strip()") == ["return a"]
    assert in_function(calls.unwrap_call, "items.sort()") == []
