"""What a killed keeper left is found and ended."""

import os
import signal

from core.keeper_kit import NASTY, Kit, pids_of, until
from sweeptree import supervise


def test_a_killed_keeper_takes_the_first_process_with_it(kit: Kit) -> None:
    keeper, launch = kit.begin("exec sleep 300 & echo up; wait")
    first = int(launch.started.read_text().partition('"pid":')[2].rstrip("}\n "))
    os.kill(keeper.pid, signal.SIGKILL)
    until(lambda: first not in pids_of(kit.name))
    assert keeper.wait(20) is None
    assert not keeper.is_alive()


def test_orphans_of_a_killed_keeper_are_swept(kit: Kit) -> None:
    keeper, _ = kit.begin(NASTY)
    until(lambda: len(pids_of(kit.name)) >= 16)
    os.kill(keeper.pid, signal.SIGKILL)
    until(lambda: not keeper.is_alive())
    assert len(supervise.sweep_orphans(kit.name, lambda name: False)) >= 12
    assert not pids_of(kit.name)


def test_the_sweep_spares_those_whose_keeper_lives(kit: Kit) -> None:
    keeper, launch = kit.begin("echo up; sleep 300")
    asked: list[str] = []
    assert supervise.sweep_orphans(kit.name, lambda name: not asked.append(name)) == []
    assert set(asked) == {launch.name}
    assert keeper.is_alive() and pids_of(kit.name)
    keeper.kill()
    keeper.wait(20)
