"""The ends of files that grow."""

from __future__ import annotations

import os
from pathlib import Path

from sweeptree.records import SweepPaths, add_notice
from sweeptree.sweep.tails import LedgerTail, NoticeTail, last_notices, read_from, read_tail


def test_a_ledger_is_read_on_from_where_it_ended_whole_lines_only(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "unet")
    paths.ledger.parent.mkdir(parents=True)
    tail = LedgerTail(paths)
    assert tail.read() == []
    paths.ledger.write_text('{"id": 0}\nno json\n{"id": ')
    assert tail.read() == [{"id": 0}]
    with paths.ledger.open("a") as ledger:
        ledger.write("1}\n")
    assert tail.read() == [{"id": 1}]


def test_the_end_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "log"
    assert read_tail(file, 3) == b""
    file.write_bytes(b"abcdef")
    assert read_tail(file, 3) == b"def"
    assert read_from(file, 1, 2) == b"bc"


def test_nothing_is_read_of_a_link_or_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    assert read_from(tmp_path / "link", 0, 9) == b""
    assert read_from(tmp_path / "pipe", 0, 9) == b""


def test_notices_are_read_as_they_come_and_the_last_few_at_once(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path)
    assert last_notices(paths) == ()
    paths.state.mkdir()
    tail = NoticeTail(paths)
    for number in range(5):
        add_notice(paths, f"notice {number}")
        assert [each["text"] for each in tail.read()] == [f"notice {number}"]
    assert [each["text"] for each in last_notices(paths)] == ["notice 2", "notice 3", "notice 4"]
