"""What a sweep says of its server at its end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sweeptree.engine.connect import Engine
from sweeptree.engine.server import Outage, Server
from sweeptree.errors import ServerError

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(("until", "said"), [(NOON, "it is back"), (None, "it is still away")])
def test_an_outage_is_told_in_one_line(until: datetime | None, said: str) -> None:
    engine = Engine("http://h/api", "http://h", None, [Outage(NOON, until)])
    notice = engine.notice()
    assert notice is not None and said in notice and "the records lack nothing" in notice


def test_nothing_is_said_of_a_server_that_was_there() -> None:
    assert Engine("http://h/api", "http://h", None).notice() is None


def test_a_sweep_without_a_server_names_the_next_command() -> None:
    engine = Engine("http://h/api", "http://h", None)
    engine.lose(ServerError("no port is free", hint="sweeptree doctor"))
    notice = engine.notice()
    assert notice is not None and notice.endswith("next: sweeptree doctor")
    assert engine.ui_url == ""


def test_the_address_of_a_private_ui_comes_with_what_opens_it(tmp_path: Path) -> None:
    managed = Server("http://h/api", "http://h", 1, 1, tmp_path, "3", 1)
    assert Engine("http://h/api", "http://h", None).way_to_ui == "http://h"
    engine = Engine("http://h/api", "http://h", managed)
    assert engine.way_to_ui == "http://h   open it: sweeptree server open"
    engine.lose(ServerError("no port is free", hint="sweeptree doctor"))
    assert engine.way_to_ui == ""
