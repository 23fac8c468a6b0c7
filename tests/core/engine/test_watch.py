"""A sweep goes on though the engine that shows it is away."""

from pathlib import Path
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from core.sweep.kit import opened
from sweeptree.engine.watch import watched
from sweeptree.sweep.run import Progress


@pytest.fixture
def nobody_listens() -> object:
    away = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(away):
        yield


@pytest.mark.usefixtures("nobody_listens")
def test_an_engine_that_is_away_stops_nothing(repo: Path) -> None:
    with opened(repo, "true") as sweep, watched(sweep, Progress(1, 0), str(uuid4())):
        assert not sweep.stop.stopping.is_set()
