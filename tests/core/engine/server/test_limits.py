"""Prefect's limits, where the server is away."""

from __future__ import annotations

import pytest

from sweeptree.engine.server import set_limit
from sweeptree.errors import ServerError


def test_a_limit_on_a_server_that_is_away_is_an_error_with_a_hint() -> None:
    with pytest.raises(ServerError) as caught:
        set_limit("http://127.0.0.1:1/api", "gpu", 1)
    assert caught.value.hint == ("sweeptree server status",)
