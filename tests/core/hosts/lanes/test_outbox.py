"""Results that are still to be told."""

from __future__ import annotations

from pathlib import Path

from sweeptree.hosts.lanes.outbox import Outbox
from sweeptree.hosts.values import Leased, Result

ONE, TWO = Leased(1, 1), Leased(2, 3)


def test_results_go_out_in_their_order(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.put(TWO, {"n": 2})
    outbox.put(ONE, {"n": 1})
    assert outbox.next(0) == Result(2, 3, {"n": 2})
    outbox.told(TWO)
    assert outbox.next(0) == Result(1, 1, {"n": 1})
    assert outbox.leases() == (ONE,)


def test_what_was_not_told_is_found_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.put(ONE, {"n": 1})
    outbox.put(TWO, {"n": 2})
    outbox.told(ONE)
    again = Outbox(tmp_path / "outbox")
    assert again.leases() == (TWO,)
    assert again.next(0) == Result(2, 3, {"n": 2})


def test_a_torn_file_and_strangers_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    folder.mkdir()
    (folder / "job_1.1.json").write_text('{"half')
    (folder / "notes.txt").write_text("mine")
    assert Outbox(folder).leases() == ()


def test_on_a_full_disk_a_result_is_told_all_the_same(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    (tmp_path / "outbox").rmdir()
    (tmp_path / "outbox").write_text("no folder")
    outbox.put(ONE, {"n": 1})
    assert outbox.next(0) == Result(1, 1, {"n": 1})
    outbox.told(ONE)
    assert outbox.next(0) is None
