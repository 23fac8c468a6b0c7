"""What a lane sends is read strictly: what is none is told as such."""

from __future__ import annotations

import pytest

from core.hosts.lanes.script import payload
from sweeptree.errors import SweeptreeError
from sweeptree.hosts.lanes.values import Returned


def test_an_answer_is_read_as_it_was_sent() -> None:
    found = Returned.of(payload(3, 2, content="0" * 40, metrics={"auc": 0.9}))
    assert (found.record.id, found.record.metrics, found.content) == (3, {"auc": 0.9}, "0" * 40)
    assert found.has_work


@pytest.mark.parametrize("broken", [{}, {"record": {"id": "x"}}, {"record": 3, "outcome": 1}])
def test_another_version_s_answer_is_named(broken: dict[str, object]) -> None:
    with pytest.raises(SweeptreeError, match="a lane's answer cannot be read"):
        Returned.of({**broken, "left": {"has_work": False}, "content": None})
