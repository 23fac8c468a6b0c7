"""When a Prefect worker on a host makes sense, and what it is told."""

import pytest

from sweeptree.errors import UsageError
from sweeptree.hosts.setting_up.worker import worker_order


def test_a_worker_gets_the_server_and_what_opens_it() -> None:
    environ = {
        "PREFECT_API_URL": "http://prefect.lab.example:4200/api",
        "PREFECT_API_AUTH_STRING": "admin:secret",
        "PREFECT_HOME": "/home/ada/.prefect",
        "HOME": "/home/ada",
    }
    order = worker_order(environ)
    assert order.variables["PREFECT_API_AUTH_STRING"] == "admin:secret"
    assert not {"PREFECT_HOME", "HOME"} & order.variables.keys()
    assert "secret" not in repr(order)


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:4200/api", "http://localhost:4200/api"])
def test_a_server_that_hosts_cannot_reach(url: str) -> None:
    with pytest.raises(UsageError, match="PREFECT_API_URL") as caught:
        worker_order({"PREFECT_API_URL": url})
    assert "leave" in caught.value.hint[0]
