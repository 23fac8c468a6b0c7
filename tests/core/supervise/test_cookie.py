"""The mark of a job's processes."""

import pytest

from sweeptree.supervise.cookie import launch_of, make_cookie


def test_a_cookie_leads_back_to_its_launch() -> None:
    environment = f"PATH=/bin\0SWEEPTREE_COOKIE={make_cookie('lr:3.1@x')}\0HOME=/\0".encode()
    assert launch_of(environment) == "lr:3.1@x"


def test_two_runs_of_a_launch_differ() -> None:
    assert make_cookie("a") != make_cookie("a")


@pytest.mark.parametrize("environment", [b"", b"PATH=/bin\0", b"NO_SWEEPTREE_COOKIE=a#1\0"])
def test_a_process_without_one_belongs_to_no_launch(environment: bytes) -> None:
    assert launch_of(environment) is None
