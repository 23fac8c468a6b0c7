"""How values are written for people."""

import pytest

from sweeptree.analysis import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.92249, "0.9225"),
        (0.0, "0.0000"),
        (1e-7, "1e-07"),
        (123456.0, "1.23e+05"),
        (42, "42"),
        (True, "True"),
        (None, ""),
        ("a\nb", "a b"),
    ],
)
def test_a_number_is_as_long_as_it_is_worth(value: object, text: str) -> None:
    assert wording.number(value) == text


def test_mean_and_std_are_written_in_one_way() -> None:
    assert wording.mean_and_std(0.92249, 0.00211) == "0.9225 ± 0.0021"


def test_a_single_run_has_no_std() -> None:
    assert wording.mean_and_std(0.9225, None) == "0.9225"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (-1, "0.0s"), (4.23, "4.2s"), (59.6, "1m00s"), (832, "13m52s"), (7260, "2h01m")],
)
def test_a_duration_is_spoken(seconds: float | None, text: str) -> None:
    assert wording.spoken(seconds) == text


def test_a_clock_counts_hours() -> None:
    assert (wording.clock(1335), wording.clock(None)) == ("00:22:15", "")


def test_escape_codes_are_not_shown() -> None:
    assert wording.printable("a\x1b[31m\tb") == "a?[31m b"


def test_a_state_has_a_word_and_the_unknown_stays() -> None:
    assert (wording.word("planned"), wording.word("lost")) == (wording.WAITING, "LOST")
    assert wording.word("odd") == "odd"


def test_long_lists_are_cut() -> None:
    assert wording.listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert wording.listed(["a", "b"], 2, joint="; ") == "a; b"


def test_one_is_not_many() -> None:
    assert (wording.counted(1, "job"), wording.counted(2, "job")) == ("1 job", "2 jobs")


def test_a_difference_has_its_sign() -> None:
    assert (wording.signed(0.5), wording.signed(-0.5)) == ("+0.5000", "-0.5000")


def test_a_file_line_counts_its_lines_unless_it_is_binary() -> None:
    assert wording.file_line("a.py", 3, 1) == "    a.py  +3 -1"
    assert wording.file_line("a.png", None, None) == "    a.png  binary"


@pytest.mark.parametrize("seconds", [None, float("nan"), float("inf")])
def test_a_time_that_is_not_known_is_nothing(seconds: float | None) -> None:
    assert (wording.clock(seconds), wording.spoken(seconds)) == ("", "")
