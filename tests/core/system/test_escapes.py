"""What a job printed does nothing to a terminal."""

import pytest

from sweeptree.system.escapes import Harmless, harmless, plain


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"\x1b[1;31mred\x1b[0m\x1b[K", b"\x1b[1;31mred\x1b[0m\x1b[K"),
        (b"a\x1b]0;title\x07b", b"ab"),
        (b"a\x1b]52;c;cm0=\x1b\\b", b"ab"),
        (b"a\x1bP$q\x1b\\b", b"ab"),
        (b"a\x1b_x\x1b\\b\x1b^y\x1b\\c", b"abc"),
        (b"a\x1b[2J\x1b[6nb\x1bcd", b"abcd"),
        (b"a\xc2\x9d0;x\x07b\x05\x0e", b"a0;xb"),
        (b"a\x1b]0;open\nb", b"a]0;open\nb"),
        (" 10%|\u2588 | \u00e9\r\n\t".encode(), " 10%|\u2588 | \u00e9\r\n\t".encode()),
    ],
)
def test_only_colours_pass(data: bytes, shown: bytes) -> None:
    assert harmless(data) == shown


def test_a_sequence_torn_between_reads_is_one() -> None:
    stream = Harmless()
    data = b"a\x1b]0;title\x1b\\b\x1b[31mc\x1b[2Jd\xc2\x9de"
    whole = b"".join(stream.feed(bytes([byte])) for byte in data) + stream.rest()
    assert whole == b"ab\x1b[31mcde"


def test_what_never_ends_is_shown_without_its_escape() -> None:
    stream = Harmless()
    assert stream.feed(b"a\x1b]0;t") + stream.rest() == b"a]0;t"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"10%\r50%\r100%\ndone", "100%\ndone"),
        (b"dos\r\nlines\r\n", "dos\nlines\n"),
        (b"\x1b]0;title\x07a\x00b\xff", "ab\ufffd"),
    ],
)
def test_plain_text_is_what_a_terminal_shows_in_the_end(data: bytes, text: str) -> None:
    assert plain(data) == text
