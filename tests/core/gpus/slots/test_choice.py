"""Which devices can serve a claim, and which of them it takes."""

from collections.abc import Callable
from typing import Any

import pytest

from core.gpus.slots.slots_kit import CARDS, UUID, A, Take, gpu, gpus, uuids
from sweeptree.errors import Refused
from sweeptree.gpus import slots
from sweeptree.gpus.slots.choice import choose


@pytest.mark.parametrize(
    ("devices", "count"), [([A], 2), ([], 1), ([A, A], 2), (gpus(2, "MIG"), 2), ([A], 0)]
)
def test_what_can_never_be_is_refused(
    enqueue: Callable[[str], slots.Ticket], devices: list[dict[str, Any]], count: int
) -> None:
    with pytest.raises(Refused, match=f"wants {count} GPU"):
        enqueue("greedy").try_claim(devices, count)


def test_the_closest_gpus_are_taken(try_take: Take) -> None:
    near = {(0, 2), (1, 3)}
    links = {
        a: [
            (UUID.format(b), 10 if (min(a, b), max(a, b)) in near else 40)
            for b in range(4)
            if b != a
        ]
        for a in range(4)
    }
    devices = [{**gpu(n), "links": links[n]} for n in range(4)]
    assert uuids(try_take(devices, count=2)) == (CARDS[0]["uuid"], CARDS[2]["uuid"])
    assert uuids(try_take(devices, count=2)) == (CARDS[1]["uuid"], CARDS[3]["uuid"])


def test_the_whole_set_is_close_not_only_a_pair() -> None:
    far = {
        ("a", "b"): 10,
        ("a", "c"): 50,
        ("b", "c"): 50,
        ("c", "d"): 20,
        ("c", "e"): 20,
        ("d", "e"): 20,
    }
    names = "abcde"
    level = {**far, **{(b, a): way for (a, b), way in far.items()}}
    devices = [
        {"uuid": a, "links": [(b, level.get((a, b), 50)) for b in names if b != a]} for a in names
    ]
    assert choose(dict.fromkeys(names, 0), devices, 3) == ["c", "d", "e"]
