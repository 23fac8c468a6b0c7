"""Whatever is claimed, released and killed: no GPU has two whole holders, and no promise exceeds
its memory."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import sweeptree
from sweeptree.gpus import slots

SOURCE = str(Path(sweeptree.__file__).parent.parent)
TOTAL = (1000, 1000, 2000)
GPUS: list[dict[str, Any]] = [
    {"uuid": f"GPU-{n}", "index": n, "memory_total": total} for n, total in enumerate(TOTAL)
]
MEMORY = {gpu["uuid"]: gpu["memory_total"] for gpu in GPUS}

LANE = """
import os, random, signal, sys, time
sys.path.insert(0, sys.argv[1])
from sweeptree.gpus import slots
root, history = sys.argv[2], os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND)
seed, claims = map(int, sys.argv[4:6])
sizes = enumerate(sys.argv[6:])
devices = [{"uuid": f"GPU-{n}", "index": n, "memory_total": int(t)} for n, t in sizes]

def say(sign, uuids, memory):
    os.write(history, "".join(f"{sign} {u} {os.getpid()} {memory}\\n" for u in uuids).encode())

def one_job(dice):
    memory = dice.choice([0, 100, 300, 700])
    ticket = slots.enqueue(root, str(os.getpid()), memory=memory)
    if dice.random() < 0.1:
        os.kill(os.getpid(), signal.SIGKILL)  # dies while it waits
    count = dice.choice([1, 1, 2])
    while (claim := ticket.try_claim(devices, count)) is None:
        time.sleep(0.001)
    say("+", claim.uuids, memory)
    time.sleep(dice.uniform(0, 0.015))
    say("-", claim.uuids, memory)
    if dice.random() < 0.3:
        os.kill(os.getpid(), signal.SIGKILL)  # dies while it holds
    claim.release()

for number in range(claims):
    child = os.fork()
    if child == 0:
        one_job(random.Random(seed * 1000 + number))
        os._exit(0)
    os.waitpid(child, 0)
"""


def check_history(lines: list[str]) -> int:
    """Replay claims and releases; fails at the first that leaves a GPU with too many.

    Returns how many shared one.
    """
    holders: dict[str, dict[str, int]] = {uuid: {} for uuid in MEMORY}
    shared = 0
    for line in lines:
        sign, uuid, pid, memory = line.split()
        if sign == "-":
            assert holders[uuid].pop(pid) == int(memory), line
            continue
        holders[uuid][pid] = int(memory)
        check_device(uuid, list(holders[uuid].values()))
        shared += len(holders[uuid]) > 1
    assert not any(holders.values())
    return shared


def check_device(uuid: str, promises: list[int]) -> None:
    assert 0 not in promises or len(promises) == 1, (
        f"{uuid}: a whole holder is not alone: {promises}"
    )
    assert sum(promises) <= MEMORY[uuid], f"{uuid}: promised too much: {promises}"


@pytest.mark.slow
def test_a_thousand_contended_claims_with_random_kills(tmp_path: Path) -> None:
    history, seed, root = tmp_path / "history", random.randrange(10**6), str(tmp_path / "slots")
    print("seed", seed)
    history.touch()
    argv = [sys.executable, "-I", "-S", "-c", LANE, SOURCE, root, str(history)]
    lanes = [subprocess.Popen([*argv, str(seed + n), "125", *map(str, TOTAL)]) for n in range(8)]
    assert [lane.wait(200) for lane in lanes] == [0] * 8
    lines = history.read_text().splitlines()
    assert len(lines) > 1500 and check_history(lines) > 20
    assert slots.holders(root, MEMORY) == [] and slots.waiters(root) == []


HOLD = """
import os, sys
sys.path.insert(0, sys.argv[1])
from sweeptree.gpus import slots
sizes = enumerate(sys.argv[3:])
devices = [{"uuid": f"GPU-{n}", "index": n, "memory_total": int(t)} for n, t in sizes]
for line in sys.stdin:
    count, memory = map(int, line.split())
    with slots.enqueue(sys.argv[2], "other", memory=memory) as ticket:
        found = ticket.try_claim(devices, count)
    print(*(found.uuids if found else ["-"]), flush=True)
"""


class Machine(RuleBasedStateMachine):
    """Claims of this process (released) and of another one (killed), against a model of who holds
    how much."""

    def __init__(self) -> None:
        super().__init__()
        self.root = tempfile.mkdtemp()
        self.claims: list[tuple[slots.Claim, int]] = []
        self.other: subprocess.Popen[str] | None = None
        self.others: list[tuple[tuple[str, ...], int]] = []

    def promises(self) -> dict[str, list[int]]:
        held = [(claim.uuids, memory) for claim, memory in self.claims] + self.others
        return {uuid: [memory for uuids, memory in held if uuid in uuids] for uuid in MEMORY}

    def fits(self, count: int, memory: int) -> bool:
        def has_room(uuid: str, promised: list[int]) -> bool:
            if not memory or not promised:
                return not promised and memory <= MEMORY[uuid]
            return 0 not in promised and sum(promised) + memory <= MEMORY[uuid]

        return sum(has_room(uuid, promised) for uuid, promised in self.promises().items()) >= count

    @rule(count=st.integers(1, 2), memory=st.sampled_from([0, 100, 300, 600]))
    def claim(self, count: int, memory: int) -> None:
        with slots.enqueue(self.root, "mine", memory=memory) as ticket:
            found = ticket.try_claim(GPUS, count)
        assert (found is not None) == self.fits(count, memory)
        if found is not None:
            self.claims.append((found, memory))

    @rule(count=st.integers(1, 2), memory=st.sampled_from([0, 100, 300, 600]))
    def claim_elsewhere(self, count: int, memory: int) -> None:
        fits = self.fits(count, memory)
        if self.other is None:
            argv = [sys.executable, "-I", "-S", "-c", HOLD, SOURCE, self.root, *map(str, TOTAL)]
            self.other = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self.other.stdin and self.other.stdout
        print(count, memory, file=self.other.stdin, flush=True)
        found = tuple(self.other.stdout.readline().split())
        assert (found != ("-",)) == fits
        if fits:
            self.others.append((found, memory))

    @precondition(lambda self: self.claims)
    @rule(number=st.integers(0, 99))
    def release(self, number: int) -> None:
        self.claims.pop(number % len(self.claims))[0].release()

    @precondition(lambda self: self.other)
    @rule()
    def kill_the_other(self) -> None:
        assert self.other
        os.kill(self.other.pid, signal.SIGKILL)
        self.other.communicate()
        self.other, self.others = None, []

    @invariant()
    def what_is_shown_is_what_is_held(self) -> None:
        expected = self.promises()
        shown: dict[str, list[int]] = {uuid: [] for uuid in MEMORY}
        for holder in slots.holders(self.root, MEMORY):
            shown[holder.uuid].append(holder.memory)
        assert {u: sorted(p) for u, p in shown.items()} == {
            u: sorted(p) for u, p in expected.items()
        }
        for uuid, promises in shown.items():
            check_device(uuid, promises)

    def teardown(self) -> None:
        if self.other:
            self.kill_the_other()
        for claim, _ in self.claims:
            claim.release()
        shutil.rmtree(self.root)


TestSlots = Machine.TestCase
TestSlots.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]
TestSlots.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
