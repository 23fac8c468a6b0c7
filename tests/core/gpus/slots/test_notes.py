"""Who holds and who waits: what is written and what is read."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.gpus.slots.slots_kit import A, B
from sweeptree.gpus import slots
from sweeptree.gpus.slots.notes import Holder, obstacle, parse_note, wanted, write_note


def test_holders_and_waiters_say_who(
    other: Callable[..., "subprocess.Popen[str]"], root: str, enqueue: Callable[[str], slots.Ticket]
) -> None:
    process = other([A], 1, "holds")
    enqueue('w "1"\n\U0001f642').try_claim([A, B], 2)
    [holder], [waiter] = slots.holders(root, [A["uuid"], B["uuid"]]), slots.waiters(root)
    started = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
    assert (holder.uuid, holder.slot, holder.owner, holder.pid, holder.ticks) == (
        A["uuid"], 0, "other", process.pid, int(started),
    )  # fmt: skip
    assert (waiter.owner, waiter.pid, waiter.uuids) == (
        'w "1"\n\U0001f642',
        os.getpid(),
        (A["uuid"], B["uuid"]),
    )
    assert (holder.host, holder.since[-6:]) == (os.uname().nodename, "+00:00")


@pytest.mark.parametrize("owner", ["lr:0.1@x", 'quoted "\\', "new\nline", "\U0001f642"])
def test_a_note_is_read_as_it_was_written(owner: str) -> None:
    holder = Holder("GPU-a", 2, parse_note(write_note(owner, 18432)))
    assert (holder.owner, holder.pid, holder.memory) == (owner, os.getpid(), 18432)


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b"[" * 100000, b"\xff\n"])
def test_what_is_no_note_says_nothing(note: bytes) -> None:
    assert parse_note(note) == {}


def test_a_line_that_is_just_being_written_names_no_device() -> None:
    assert wanted(b"{}\nGPU-a GPU-") == frozenset()
    assert wanted(b"{}\nGPU-a GPU-b\n") == {"GPU-a", "GPU-b"}


def test_what_is_in_the_way_is_the_third_line() -> None:
    assert obstacle(b"{}\nGPU-a\n") == ""
    assert obstacle(b"{}\nGPU-a\nbusy: GPU 0\n") == "busy: GPU 0"
