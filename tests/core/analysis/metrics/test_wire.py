"""Fields of a message, as the documentation of protocol buffers writes them."""

import pytest

from sweeptree.analysis.metrics.wire import WireError, fields


def test_the_examples_of_the_documentation() -> None:
    assert list(fields(bytes.fromhex("089601"))) == [(1, 150)]
    assert list(fields(bytes.fromhex("120774657374696e67"))) == [(2, b"testing")]


def test_fixed_fields_are_bytes() -> None:
    assert list(fields(b"\x0d\0\0\x80\x3f\x11" + bytes(8))) == [
        (1, b"\0\0\x80\x3f"),
        (2, bytes(8)),
    ]


@pytest.mark.parametrize("message", [b"\x08", b"\x12\x07te", b"\x0b", b"\xff" * 20])
def test_what_is_no_message_is_an_error(message: bytes) -> None:
    with pytest.raises(WireError):
        list(fields(message))
