"""What is shown beside something ends with it."""

import threading

import pytest

from sweeptree.cli.screens.beside import Beside


class Noted(Beside):
    """Notes when it was told to end."""

    def __init__(self) -> None:
        super().__init__("noted")
        self.shown = threading.Event()
        self.has_ended = False

    def _show(self) -> None:
        self.shown.set()
        self.has_ended = self._stop.wait(20)


def test_it_shows_as_long_as_the_block_lasts() -> None:
    with Noted() as noted:
        assert noted.shown.wait(20) and not noted.has_ended
    assert noted.has_ended


def test_it_ends_with_an_error_too() -> None:
    noted = Noted()
    with pytest.raises(ValueError, match="broken"), noted:
        raise ValueError("broken")
    assert noted.has_ended
