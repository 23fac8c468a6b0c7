"""What a terminal can show, and plain tables."""

import io

import pytest

from sweeptree.analysis.failures import last_error_line
from sweeptree.cli.screens import terminal
from sweeptree.cli.screens.terminal import Column, fact_line, point_lines, shorten


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "de_DE.utf8"}, True),
        ({"LANG": "C", "PYTHONUTF8": "1"}, True),
    ],
)
def test_letters_follow_the_locale(env: dict[str, str], expected: bool) -> None:
    assert terminal.unicode_ok(Terminal(), env) is expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_on_a_terminal(env: dict[str, str], expected: bool) -> None:
    assert terminal.colour_ok(Terminal(), env) is expected


def test_colour_off_a_terminal_needs_force() -> None:
    assert not terminal.colour_ok(io.StringIO(), {})
    assert terminal.colour_ok(io.StringIO(), {"FORCE_COLOR": "1"})


@pytest.mark.parametrize(
    ("env", "expected"), [({}, True), ({"CI": "true"}, False), ({"TERM": "dumb"}, False)]
)
def test_live_only_on_a_real_terminal(env: dict[str, str], expected: bool) -> None:
    assert terminal.live_ok(Terminal(), env) is expected
    assert not terminal.live_ok(io.StringIO(), env)


def test_a_table_cuts_flexible_cells_before_it_hides_columns() -> None:
    columns = (Column("job"), Column("command", flexible=True), Column("extra", rank=1))
    lines = terminal.table(columns, [["0", "x" * 60, "yes"]], 40)
    assert "extra" in lines[0] and all(len(line) <= 40 for line in lines)
    assert (
        terminal.table(columns, [["0", "x" * 60, "y" * 30]], 40)[-1]
        == "  (1 hidden at this width: extra)"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.0s"), (9.96, "10s"), (59.4, "59s"), (832, "13m52s"), (4980, "1h23m"), (None, "")],
)
def test_spoken_durations(seconds: float | None, text: str) -> None:
    assert terminal.spoken(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.92314, "0.9231"), (3e-6, "3e-06"), (7, "7"), (None, ""), (1e9, "1e+09")]
)
def test_numbers(value: float | None, text: str) -> None:
    assert terminal.number(value) == text


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("a\nTraceback\nValueError: no\nbye\n", "ValueError: no"),
        ("a\nlast words\n\n", "last words"),
        ("10%\r20%\r30%", "30%"),
        ("", ""),
    ],
)
def test_the_last_error_line(log: str, line: str) -> None:
    assert last_error_line(log) == line


def test_an_error_is_cut_in_its_middle() -> None:
    text = "RuntimeError: " + "x" * 100 + " got 3 channels, expected 12"
    cut = terminal.shorten_middle(text, 60)
    assert len(cut) <= 60 and cut.startswith("RuntimeError:…got") and cut.endswith("expected 12")
    assert terminal.shorten_middle("short", 60) == "short"


@pytest.mark.parametrize("room", range(14, 60))
def test_a_text_is_cut_between_words(room: int) -> None:
    text = "lr=3e-4 batch=128 optimizer=adamw weights=imagenet scheduler=cosine"
    words, cut = text.split(), shorten(text, room)
    assert len(cut) <= room
    assert cut.removesuffix("…").split() == words[: len(cut.split())]


@pytest.mark.parametrize("room", [40, 60, 80])
def test_a_long_sentence_is_wrapped_between_words_and_a_path_stays_whole(room: int) -> None:
    place = "/data/" + "x" * 90
    text = f"the worktree is kept because {place} and others stand in it alone, so look there"
    lines = point_lines("!", text, room)
    assert lines[0].startswith("! the") and all(line.startswith("  ") for line in lines[1:])
    assert " ".join("\n".join(lines).split()) == f"! {text}"
    assert all(len(line) <= room for line in lines if place not in line)
    assert len(fact_line("results", text, room).splitlines()[0]) <= room


def test_what_goes_into_a_pipe_stays_on_one_line() -> None:
    assert len(point_lines("-", "word " * 100)) == 1
