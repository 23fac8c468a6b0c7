"""Tickets and claims of this process and of another one."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from nvml import FakeDriver

from core.gpus.slots.slots_kit import BARE, OTHER, SOURCE, Device, Take
from sweeptree.gpus import slots


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "slots")


@pytest.fixture
def enqueue(root: str) -> Iterator[Callable[[str], slots.Ticket]]:
    with ExitStack() as stack:
        yield lambda owner: stack.enter_context(slots.enqueue(root, owner))


@pytest.fixture
def take(enqueue: Callable[[str], slots.Ticket]) -> Iterator[Callable[..., slots.Claim]]:
    """Claim at once, as the only waiter."""
    with ExitStack() as stack:

        def claim(
            devices: list[dict[str, Any]], count: int = 1, owner: str = "job", **style: Any
        ) -> slots.Claim:
            claim = enqueue(owner).try_claim(devices, count, **style)
            assert claim is not None
            return stack.enter_context(claim)

        yield claim


@pytest.fixture
def other(root: str) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Another process that claims and then holds, or waits, until it is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(devices: list[dict[str, Any]], count: int, expected: str) -> "subprocess.Popen[str]":
        argv = [*BARE, OTHER, SOURCE, root, ",".join(d["uuid"] for d in devices), str(count)]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == f"{expected}\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> FakeDriver:
    return FakeDriver.make(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def fake(library: FakeDriver) -> FakeDriver:
    library.configure("gpu", "gpu", "gpu", "gpu")
    return library


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that carries the cookie of a job and does nothing."""
    process = subprocess.Popen(
        ["sleep", "300"], env={**os.environ, "SWEEPTREE_COOKIE": "left:0.1@x#1"}
    )
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def try_take(fake: FakeDriver, root: str) -> Iterator[Take]:
    """One try for a claim, by a ticket of its own; None: not now."""
    with ExitStack() as stack:

        def claim(
            devices: list[Device], count: int = 1, memory: int = 0, owner: str = "job"
        ) -> slots.Claim | None:
            with slots.enqueue(root, owner, memory=memory, driver=fake.session()) as ticket:
                found = ticket.try_claim(devices, count)
            return stack.enter_context(found) if found is not None else None

        yield claim
