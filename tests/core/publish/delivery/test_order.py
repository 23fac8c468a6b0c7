"""The steps of a delivery, before anything is done."""

from pathlib import Path
from typing import Any, cast

from sweeptree.publish.delivery import DeliveryResult, Options, Target
from sweeptree.publish.delivery.order import Order
from sweeptree.publish.delivery.source import Source
from sweeptree.publish.forge import Forge, RepoAddress, Token, connect
from sweeptree.repository.remotes import Remote

REMOTE = Remote("origin", "https://github.com/o/r")
FORGE = connect(RepoAddress("https", "github.com", "o", "r"), Token("t", "x"), state=Path())


def order(forge: Forge | None = FORGE, remote: Remote | None = REMOTE, **options: Any) -> Order:
    source = Source(Path(), "c" * 40, "Wider", "commit 1 file", cast(Any, None))
    return Order(source, "wider", Target(remote, forge, "main", "o"), Options(**options))


def test_all_steps_in_their_order() -> None:
    planned = order(labels=("a", "b"), reviewers=("grace",)).planned()
    assert planned.state is DeliveryResult.PLANNED
    assert planned.steps == (
        "commit 1 file",
        "push wider to https://github.com/o/r",
        "open a draft pull request in o/r, to main",
        "add the labels a, b",
        "ask grace to review",
    )


def test_without_a_pull_request_it_ends_with_the_push() -> None:
    assert len(order(open_pr=False).planned().steps) == 2
    assert len(order(forge=None).planned().steps) == 2


def test_what_is_not_to_be_pushed_is_not() -> None:
    stays = [order(push=False), order(remote=None), order(forge=None, needs_forge=True)]
    assert [each.pushes for each in stays] == [False] * 3
    assert order(forge=None).pushes
