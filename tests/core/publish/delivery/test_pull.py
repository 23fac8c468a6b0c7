"""The pull request of a delivery: what it says, and what was really done."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from core.publish.kit import TOKEN, a_pull
from sweeptree.publish.delivery import Delivered, DeliveryResult, Options, Target
from sweeptree.publish.delivery.order import Order
from sweeptree.publish.delivery.pull import wanted_pull, with_pull
from sweeptree.publish.delivery.source import Source
from sweeptree.publish.forge import Ensured
from sweeptree.repository.differences import FileChange
from sweeptree.repository.guards import LeftOut

SOURCE = Source(
    Path(),
    "c" * 40,
    f"Use {TOKEN}",
    "commit",
    cast(Any, None),
    files=tuple(FileChange(f"file{number}", 2, 1) for number in range(40)),
    left_out=(LeftOut("model.ckpt", 6 * 1024**2, "over 5.0 MiB"),),
)
PLANNED = Delivered(
    DeliveryResult.PLANNED,
    "wider",
    steps=("commit", "push", "open a draft pull request", "add the labels x", "ask grace"),
)


def test_it_lists_files_and_holds_no_secret() -> None:
    order = Order(SOURCE, "wider", Target(base="main", owner="o"), Options(note=f"with {TOKEN}"))
    wanted = wanted_pull(order, "main")
    assert TOKEN not in wanted.title + wanted.block
    assert "file0 +2 -1" in wanted.block and "and 10 more" in wanted.block
    assert "model.ckpt (6.0 MiB: over 5.0 MiB)" in wanted.block


def test_what_was_done_is_told_in_the_words_of_the_plan() -> None:
    done = with_pull(PLANNED, Ensured(a_pull(), ("created", "labelled")), is_pushed=True)
    assert (done.state, done.steps) == (DeliveryResult.OPENED, PLANNED.steps[:4])


def test_an_update_of_the_body_is_a_step() -> None:
    done = with_pull(PLANNED, Ensured(a_pull(), ("updated",)), is_pushed=False)
    assert done.steps == ("update the body of pull request 1",)
    assert done.state is DeliveryResult.UPDATED


def test_nothing_done_is_unchanged_and_warnings_add_up() -> None:
    planned = replace(PLANNED, warnings=("first",))
    done = with_pull(planned, Ensured(a_pull(), (), ("second",)), is_pushed=False)
    assert (done.state, done.steps) == (DeliveryResult.UNCHANGED, ())
    assert done.warnings == ("first", "second")
