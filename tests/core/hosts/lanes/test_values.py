"""What the driver's side asks of others is what those who do it offer."""

from __future__ import annotations

import inspect

import pytest

from sweeptree.hosts.lanes.carrying import HostCarrier
from sweeptree.hosts.lanes.values import Brought, Carrier, LeaseCalls
from sweeptree.hosts.leases.client import DriverClient
from sweeptree.model import JobRecord


@pytest.mark.parametrize(("protocol", "real"), [(Carrier, HostCarrier), (LeaseCalls, DriverClient)])
def test_those_who_do_it_have_every_call_with_the_same_words(protocol: type, real: type) -> None:
    names = [name for name in vars(protocol) if not name.startswith("_")]
    assert names
    for name in names:
        asked = list(inspect.signature(getattr(protocol, name)).parameters)
        offered = list(inspect.signature(getattr(real, name)).parameters)
        assert offered[: len(asked)] == asked, name


def test_what_came_without_remarks_is_the_record_alone() -> None:
    brought = Brought(JobRecord(id=0))
    assert (brought.kept, brought.notes) == ((), ())
