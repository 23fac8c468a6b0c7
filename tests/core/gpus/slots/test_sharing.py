"""Many users and processes on one folder of slots: modes, planted files, kill -9."""

import os
import random
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.gpus.slots.slots_kit import BARE, SOURCE, A, B, gpus, until
from sweeptree.errors import Refused
from sweeptree.gpus import slots


def test_modes_let_every_user_in(root: str, take: Callable[..., slots.Claim]) -> None:
    old = os.umask(0o077)
    try:
        take([A])
    finally:
        os.umask(old)
    modes = {
        path.name: path.stat().st_mode & 0o7777 for path in [Path(root), *Path(root).iterdir()]
    }
    assert modes == {"slots": 0o1777, "queue": 0o1777, "admission": 0o666, f"{A['uuid']}.0": 0o666}


AS_NOBODY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from sweeptree.gpus import slots
import sweeptree.errors
os.umask(0o077), os.setgroups([]), os.setgid(65534), os.setuid(65534)
with slots.enqueue(sys.argv[2], "nobody") as ticket:
    print([bool(ticket.try_claim([{"uuid": u, "index": 0}], 1)) for u in sys.argv[3:4]])
with slots.enqueue(sys.argv[2], "nobody") as ticket:
    print([bool(ticket.try_claim([{"uuid": u, "index": 0}], 1)) for u in sys.argv[4:5]])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")
def test_two_users_share_the_slots() -> None:
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        with slots.enqueue(f"{top}/slots", "root") as ticket:
            claim = ticket.try_claim([A], 1)
        argv = [*BARE, AS_NOBODY, SOURCE, f"{top}/slots", A["uuid"], B["uuid"]]
        assert subprocess.check_output(argv, text=True) == "[False]\n[True]\n"
        assert claim is not None
        claim.release()
        with (
            slots.enqueue(f"{top}/slots", "root") as ticket,
            until(lambda: ticket.try_claim([B], 1)) as mine,
        ):
            assert mine.uuids == (B["uuid"],)


def plant(path: Path, what: str, victim: Path) -> None:
    match what:
        case "link":
            path.symlink_to(victim)
        case "hard link":
            path.hardlink_to(victim)
        case "pipe":
            os.mkfifo(path)
            path.chmod(0o666)
        case "folder":
            path.mkdir()
        case "private file":
            path.touch(0o600)


@pytest.mark.parametrize("what", ["link", "hard link", "pipe", "folder", "private file"])
def test_a_planted_slot_is_refused(
    enqueue: Callable[[str], slots.Ticket], root: str, tmp_path: Path, what: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    ticket = enqueue("job")
    plant(Path(root, f"{A['uuid']}.0"), what, victim)
    with pytest.raises(Refused, match=rf"{A['uuid']}\.0"):
        ticket.try_claim([A], 1)
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("what", ["link", "hard link", "pipe", "folder"])
def test_a_planted_ticket_stops_nobody(
    enqueue: Callable[[str], slots.Ticket], root: str, tmp_path: Path, what: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    enqueue("first").close()
    plant(Path(root, "queue", f"{0:016d}-planted"), what, victim)
    claim = enqueue("job").try_claim([A], 1)
    assert claim is not None
    claim.release()
    assert victim.read_text() == "mine"


def test_a_folder_that_is_a_link_is_refused(root: str, tmp_path: Path) -> None:
    Path(root).symlink_to(tmp_path)
    with pytest.raises(Refused, match="cannot be used"):
        slots.enqueue(root, "job")


def test_a_folder_where_locks_could_be_replaced_is_refused(root: str) -> None:
    Path(root).mkdir()
    os.chmod(root, 0o777)
    with pytest.raises(Refused, match="chmod 1777") as refused:
        slots.enqueue(root, "job")
    assert refused.value.hint == ("SWEEPTREE_SLOT_DIR names another folder for the slots",)


def test_a_private_folder_keeps_its_mode(
    tmp_path: Path, root: str, take: Callable[..., slots.Claim]
) -> None:
    Path(root).mkdir(0o700)
    take([A])
    assert Path(root).stat().st_mode & 0o7777 == 0o700


BILL = """
import os, sys
sys.path.insert(0, sys.argv[1])
import sweeptree
before = set(sys.modules)
from sweeptree.gpus import slots
slots.enqueue(sys.argv[2], "job").try_claim([{"uuid": "GPU-0", "index": 0}], 1).release()
print(*sorted(set(sys.modules) - before))
"""


def test_a_keeper_pays_for_no_heavy_import(root: str) -> None:
    loaded = subprocess.check_output([*BARE, BILL, SOURCE, root], text=True).split()
    ours = {
        f"sweeptree.gpus.slots.{name}"
        for name in (
            "choice",
            "claim",
            "driver",
            "notes",
            "quarantine",
            "queue",
            "slot_files",
            "strangers",
        )
    }
    doors = {"sweeptree.gpus", "sweeptree.gpus.slots", "sweeptree.system"}
    doors |= {f"sweeptree.system.{name}" for name in ("lacks", "locks", "processes")}
    light = {
        "__future__",
        "_json",
        "errno",
        "fcntl",
        "ctypes",
        "_ctypes",
        "_struct",
        "struct",
        "ctypes._endian",
        "types",
    }
    assert set(loaded) <= ours | light | doors


LANE = """
import os, random, signal, sys, time
sys.path.insert(0, sys.argv[1])
from sweeptree.gpus import slots
root, history = sys.argv[2], os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND)
seed, claims = map(int, sys.argv[4:6])
devices = [{"uuid": u, "index": 0} for u in sys.argv[6:]]

def say(sign, uuids):
    os.write(history, "".join(f"{sign} {u} {os.getpid()}\\n" for u in uuids).encode())

def one_job(dice):
    ticket = slots.enqueue(root, str(os.getpid()))
    if dice.random() < 0.1:
        os.kill(os.getpid(), signal.SIGKILL)  # dies while it waits
    count = dice.choice([1, 2])
    while (claim := ticket.try_claim(devices, count)) is None:
        time.sleep(0.001)
    say("+", claim.uuids)
    time.sleep(dice.uniform(0, 0.002))
    say("-", claim.uuids)
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


@pytest.mark.slow
def test_contention_with_kill_9_never_makes_two_holders(tmp_path: Path, root: str) -> None:
    history, seed = tmp_path / "history", random.randrange(10**6)
    print("seed", seed)
    history.touch()
    argv = [*BARE, LANE, SOURCE, root, str(history)]
    lanes = [
        subprocess.Popen(
            [*argv, str(seed + n), "25", *(d["uuid"] for d in gpus(4))], start_new_session=True
        )
        for n in range(8)
    ]
    assert [lane.wait(120) for lane in lanes] == [0] * 8
    check_history(history.read_text().splitlines())
    with (
        slots.enqueue(root, "after") as ticket,
        until(lambda: ticket.try_claim(gpus(4), 4)) as claim,
    ):
        assert len(claim.uuids) == 4
    assert os.listdir(f"{root}/queue") == []


def check_history(lines: list[str]) -> None:
    """Each device goes from free to one holder and back; enough happened to mean something."""
    holder: dict[str, str] = {}
    for line in lines:
        sign, uuid, pid = line.split()
        expected = None if sign == "+" else pid
        assert holder.pop(uuid, None) == expected, (
            f"{line}: {uuid} had the holder {holder.get(uuid)}"
        )
        if sign == "+":
            holder[uuid] = pid
    assert len(lines) > 300
    assert holder == {}
