"""Jobs start only while there is room; however many wait, it is said once."""

import threading
from pathlib import Path

from sweeptree.sweep.room_gate import RoomGate
from sweeptree.system.room import Room

HUGE = 10**9  # MiB


def test_with_room_nobody_waits_and_nothing_is_said(tmp_path: Path) -> None:
    told: list[str] = []
    assert RoomGate(Room((tmp_path,), 1), told.append).wait(threading.Event())
    assert told == []


def test_a_stop_ends_the_wait_and_the_lack_is_said_once(tmp_path: Path) -> None:
    told: list[str] = []
    stopping = threading.Event()
    gate = RoomGate(Room((tmp_path,), HUGE), told.append)
    waits = [threading.Thread(target=gate.wait, args=(stopping,)) for _ in range(3)]
    for wait in waits:
        wait.start()
    while not told:
        stopping.wait(0.01)
    stopping.set()
    for wait in waits:
        wait.join()
    assert not gate.wait(stopping)
    assert [line.split(":")[0] for line in told] == ["no job starts until there is room"]


def test_where_nobody_is_to_wait_a_full_disk_is_said_once_and_refuses(tmp_path: Path) -> None:
    told: list[str] = []
    gate = RoomGate(Room((tmp_path,), HUGE), told.append, waits=False)
    assert not gate.wait(threading.Event())
    assert not gate.is_open()
    assert len(told) == 1
