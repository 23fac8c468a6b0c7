"""Which runs of a deployment wait, asked of a real server."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Scheduled

from sweeptree.engine.missed_nights import due_now
from sweeptree.engine.server import Server

pytestmark = pytest.mark.engine


@flow(name="night")
def night() -> None:
    """Nothing."""


def test_runs_that_were_due_and_wait_are_found(server: Server) -> None:
    now = datetime.now(UTC)
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(night)
        deployment = client.create_deployment(flow_id, name="night")
        for hours in (-48, -24, 24):
            at = now + timedelta(hours=hours)
            client.create_flow_run_from_deployment(deployment, state=Scheduled(scheduled_time=at))
    due = sorted(due_now(deployment))
    assert [round((now - at).total_seconds() / 3600) for at in due] == [48, 24]
