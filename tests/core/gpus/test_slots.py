"""Slots against real processes: contention, kill -9, strangers, hostile files."""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import sweeptree
from sweeptree.errors import Refused
from sweeptree.gpus import slots

SOURCE = str(Path(sweeptree.__file__).parent.parent)
BARE = [sys.executable, "-I", "-S", "-c"]


def gpus(number: int, kind: str = "GPU") -> list[dict[str, Any]]:
    """Devices in the form that a keeper is given them."""
    return [
        {"uuid": f"{kind}-{n:08x}-0000-4000-8000-000000000000", "index": n} for n in range(number)
    ]


A, B, C = gpus(3)


def until(condition: Callable[[], Any]) -> Any:
    """Poll until the condition holds, and return it."""
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited for 60 s"
        time.sleep(0.002)
    return value


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


OTHER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from sweeptree.gpus import slots
ticket = slots.enqueue(sys.argv[2], "other")
claim = ticket.try_claim([{"uuid": u, "index": 0} for u in sys.argv[3].split(",")], int(sys.argv[4]))
print("holds" if claim else "waits", flush=True)
os.read(0, 1)
"""


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


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()


def test_a_claim_shows_its_devices_to_the_command(take: Callable[..., slots.Claim]) -> None:
    claim = take([A, B, C], 2)
    assert claim.uuids == (A["uuid"], B["uuid"])
    assert claim.environment == {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": f"{A['uuid']},{B['uuid']}",
    }


def test_a_claim_shows_indices_on_request(take: Callable[..., slots.Claim]) -> None:
    assert take([B, C], 2, env_style="index").environment["CUDA_VISIBLE_DEVICES"] == "1,2"


def test_a_mig_slice_has_no_index(take: Callable[..., slots.Claim]) -> None:
    [part] = gpus(1, "MIG")
    assert take([part], env_style="index").environment["CUDA_VISIBLE_DEVICES"] == part["uuid"]


def test_a_slot_has_one_holder(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    take([A])
    assert enqueue("late").try_claim([A], 1) is None


def test_a_released_slot_is_free_even_when_a_fork_has_it(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    claim = take([A])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    claim.release()
    late = enqueue("late").try_claim([A], 1)
    os.close(writer)
    os.close(reader)
    os.waitpid(child, 0)
    assert late is not None
    late.release()


def test_all_or_nothing(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket], root: str
) -> None:
    take([A])
    assert enqueue("two").try_claim([A, B], 2) is None
    assert [h.uuid for h in slots.holders(root, [A["uuid"], B["uuid"]])] == [A["uuid"]]


def test_a_claim_under_way_is_not_waited_for(
    enqueue: Callable[[str], slots.Ticket], root: str
) -> None:
    mine = enqueue("mine")
    with open(f"{root}/admission") as admission:
        fcntl.flock(admission, fcntl.LOCK_EX)
        assert mine.try_claim([A], 1) is None
    with until(lambda: mine.try_claim([A], 1)) as claim:
        assert claim.uuids == (A["uuid"],)


@pytest.mark.parametrize(
    ("devices", "count"), [([A], 2), ([], 1), ([A, A], 2), (gpus(2, "MIG"), 2), ([A], 0)]
)
def test_what_can_never_be_is_refused(
    enqueue: Callable[[str], slots.Ticket], devices: list[dict[str, Any]], count: int
) -> None:
    with pytest.raises(Refused, match=f"wants {count} GPU"):
        enqueue("greedy").try_claim(devices, count)


def test_first_come_first_served(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    held = take([A])
    tickets = [enqueue(name) for name in "abc"]
    held.release()
    order = []
    while tickets:
        claims = [(ticket, ticket.try_claim([A], 1)) for ticket in reversed(tickets)]
        for ticket, claim in claims:
            if claim is not None:
                order.append(ticket._owner)
                tickets.remove(ticket)
                claim.release()
    assert order == ["a", "b", "c"]


def test_who_wants_many_is_not_overtaken(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    held = take([A])
    big, small = enqueue("big"), enqueue("small")
    assert big.try_claim([A, B], 2) is None
    assert small.try_claim([A, B], 1) is None
    assert not small.is_head()
    held.release()
    assert small.try_claim([A, B], 1) is None
    claim = big.try_claim([A, B], 2)
    assert claim is not None
    claim.release()


def test_other_devices_are_not_waited_for(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    take([A])
    assert enqueue("blocked").try_claim([A, B], 2) is None
    assert take([C]).uuids == (C["uuid"],)


def test_a_waiter_that_has_not_tried_may_want_anything(
    enqueue: Callable[[str], slots.Ticket],
) -> None:
    older = enqueue("older")
    younger = enqueue("younger")
    assert younger.try_claim([A], 1) is None
    older.close()
    claim = younger.try_claim([A], 1)
    assert claim is not None
    claim.release()


def test_a_dead_waiter_vanishes(
    other: Callable[..., "subprocess.Popen[str]"],
    take: Callable[..., slots.Claim],
    enqueue: Callable[[str], slots.Ticket],
    root: str,
) -> None:
    take([A])
    waiter = other([A], 1, "waits")
    mine = enqueue("mine")
    assert mine.try_claim([A], 1) is None
    assert not mine.is_head()
    kill(waiter)
    assert mine.is_head()
    assert len(os.listdir(f"{root}/queue")) == 1


def test_a_dead_holder_frees_its_slot_and_is_named(
    other: Callable[..., "subprocess.Popen[str]"], enqueue: Callable[[str], slots.Ticket]
) -> None:
    holder = other([A], 1, "holds")
    mine = enqueue("mine")
    assert mine.try_claim([A], 1) is None
    kill(holder)
    claim = mine.try_claim([A], 1)
    assert claim is not None
    assert claim.abandoned == ("other",)
    claim.release()


def test_a_released_slot_names_nobody(take: Callable[..., slots.Claim]) -> None:
    take([A]).release()
    assert take([A]).abandoned == ()


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


def test_looking_makes_nothing(root: str) -> None:
    assert (slots.holders(root, [A["uuid"]]), slots.waiters(root)) == ([], [])
    assert not os.path.exists(root)


def test_looking_sweeps_nothing(other: Callable[..., "subprocess.Popen[str]"], root: str) -> None:
    kill(other([A], 1, "holds"))
    kill(other(gpus(2), 2, "holds"))
    before = sorted((p, p.stat().st_mtime_ns) for p in Path(root).rglob("*"))
    assert (slots.holders(root, [A["uuid"]]), slots.waiters(root)) == ([], [])
    assert sorted((p, p.stat().st_mtime_ns) for p in Path(root).rglob("*")) == before


def test_leaving_leaves_no_ticket_and_no_open_file(root: str) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        ticket = slots.enqueue(root, "job")
        claim = ticket.try_claim(gpus(3), 2)
        assert claim is not None
        claim.release()
        claim.release()
        ticket.close()
    assert os.listdir(f"{root}/queue") == []
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_a_slot_file_that_was_removed_is_made_anew(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket], root: str
) -> None:
    held = take([A])
    mine = enqueue("mine")
    assert mine.try_claim([A], 1) is None
    Path(root, f"{A['uuid']}.0").unlink()
    held.release()
    with until(lambda: mine.try_claim([A], 1)):
        assert [h.owner for h in slots.holders(root, [A["uuid"]])] == ["mine"]


def test_a_ticket_that_was_removed_is_refused(
    enqueue: Callable[[str], slots.Ticket], root: str
) -> None:
    mine = enqueue("mine")
    shutil.rmtree(f"{root}/queue")
    with pytest.raises(Refused, match="ticket of mine"):
        mine.try_claim([A], 1)


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
    doors |= {"sweeptree.system.locks", "sweeptree.system.processes"}
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
root, history, seed, claims = sys.argv[2], os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND), *map(int, sys.argv[4:6])
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


def test_a_stopped_process_does_not_make_others_wait(
    other: Callable[..., "subprocess.Popen[str]"], enqueue: Callable[[str], slots.Ticket]
) -> None:
    holder = other([A], 1, "holds")
    holder.send_signal(signal.SIGSTOP)
    assert enqueue("mine").try_claim([A], 1) is None
    claim = enqueue("third").try_claim([B], 1)
    assert claim is not None
    claim.release()
