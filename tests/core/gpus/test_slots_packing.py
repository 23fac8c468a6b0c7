"""Several jobs on a GPU by promised and free memory, and devices that others use, fail or are far
apart."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from nvml import FakeDriver

from core.keeper_kit import until
from sweeptree.errors import Refused
from sweeptree.gpus import slots
from sweeptree.gpus.slots.slot_files import choose

Device = dict[str, Any]
Take = Callable[..., slots.Claim | None]
UUID = "GPU-fa4e{0:04x}-0000-4000-8000-{0:012x}"


def gpu(number: int, memory: int = 40960) -> Device:
    return {"uuid": UUID.format(number), "index": number, "memory_total": memory}


A, B, C, D = (gpu(n) for n in range(4))
STRANGER = "proc gpu=0 pid=1 mem=300"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> FakeDriver:
    return FakeDriver.make(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def fake(library: FakeDriver) -> FakeDriver:
    library.configure("gpu", "gpu", "gpu", "gpu")
    return library


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "slots")


@pytest.fixture
def take(fake: FakeDriver, root: str) -> Iterator[Take]:
    """One try for a claim, by a ticket of its own; None: not now."""
    with ExitStack() as stack:

        def claim(
            devices: list[Device], count: int = 1, memory: int = 0, owner: str = "job"
        ) -> slots.Claim | None:
            with slots.enqueue(root, owner, memory=memory, driver=fake.session()) as ticket:
                found = ticket.try_claim(devices, count)
            return stack.enter_context(found) if found is not None else None

        yield claim


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that carries the cookie of a job and does nothing."""
    process = subprocess.Popen(
        ["sleep", "300"], env={**os.environ, "SWEEPTREE_COOKIE": "left:0.1@x#1"}
    )
    yield process
    process.kill()
    process.wait()


def uuids(claim: slots.Claim | None) -> tuple[str, ...] | None:
    return claim.uuids if claim else None


def test_jobs_share_a_gpu_as_long_as_their_promises_fit(take: Take) -> None:
    assert [uuids(take([A], memory=18000)) for _ in range(3)] == [(A["uuid"],), (A["uuid"],), None]


def test_a_whole_gpu_is_shared_with_nobody(take: Take) -> None:
    assert take([A])
    assert take([A], memory=10) is None


def test_a_shared_gpu_is_no_whole_one(take: Take) -> None:
    first, second = take([A], memory=10), take([A], memory=10)
    assert first and second
    first.release()
    assert take([A]) is None
    second.release()
    assert take([A])


def test_a_released_promise_makes_room(take: Take) -> None:
    first = take([A], memory=40000)
    assert first and take([A], memory=40000) is None
    first.release()
    assert take([A], memory=40000)


def test_the_fullest_gpu_that_fits_is_taken(take: Take) -> None:
    assert take([A, B], memory=10000) and take([B], memory=20000)
    assert uuids(take([A, B], memory=15000)) == (B["uuid"],)
    assert uuids(take([A, B], memory=15000)) == (A["uuid"],)


def test_memory_on_several_gpus_is_all_or_nothing(take: Take, root: str) -> None:
    assert take([A], memory=30000)
    assert take([A, B], count=2, memory=20000) is None
    assert [holder.uuid for holder in slots.holders(root, [A["uuid"], B["uuid"]])] == [A["uuid"]]


def test_a_gpu_has_so_many_slots(take: Take) -> None:
    assert all(take([A], memory=1) for _ in range(slots.SLOTS_PER_DEVICE))
    assert take([A], memory=1) is None


def test_more_memory_than_any_gpu_has_is_refused(take: Take) -> None:
    with pytest.raises(Refused, match="wants 1 GPU at once with 50000 MiB each, and 0 can be had"):
        take([A, B], memory=50000)


def test_who_wants_much_is_not_overtaken_by_who_wants_little(
    take: Take, root: str, fake: FakeDriver
) -> None:
    first = take([A], memory=30000)
    with slots.enqueue(root, "big", memory=20000, driver=fake.session()) as big:
        assert big.try_claim([A], 1) is None
        assert take([A], memory=100) is None
        assert first is not None
        first.release()
        assert take([A], memory=100) is None
        claim = big.try_claim([A], 1)
    assert claim is not None
    claim.release()


def test_holders_tell_what_they_were_promised(take: Take, root: str) -> None:
    assert take([A], memory=18432, owner="lr:3.1@x")
    [holder] = slots.holders(root, [A["uuid"]])
    assert (holder.owner, holder.memory, holder.pid) == ("lr:3.1@x", 18432, os.getpid())


def test_a_holder_without_a_note_has_the_whole_gpu(take: Take, root: str) -> None:
    assert take([A], memory=10)
    Path(root, f"{A['uuid']}.0").write_text("")
    assert take([A], memory=10) is None


def test_the_dead_of_every_slot_are_named(take: Take, root: str) -> None:
    assert take([A], memory=10)
    Path(root, f"{A['uuid']}.1").touch(0o666)
    os.chmod(f"{root}/{A['uuid']}.1", 0o666)
    Path(root, f"{A['uuid']}.1").write_text('{"owner": "dead:0.1@x"}\n')
    claim = take([A], memory=10)
    assert claim and claim.abandoned == ("dead:0.1@x",)


def test_others_memory_leaves_less(take: Take, fake: FakeDriver) -> None:
    assert take([A], memory=10000)
    fake.append("proc gpu=0 pid=1 mem=25000")
    assert take([A], memory=10000) is None
    assert take([A], memory=5000)


def test_memory_that_is_not_free_is_not_promised(take: Take, fake: FakeDriver) -> None:
    assert take([A], memory=10000)
    fake.configure("gpu used=35000")
    assert take([A], memory=10000) is None


@pytest.mark.parametrize("line", ["gpu used=3000", "gpu util=60", f"gpu\n{STRANGER}"])
@pytest.mark.parametrize("memory", [0, 1000])
def test_a_gpu_that_others_use_is_not_given(
    take: Take, fake: FakeDriver, line: str, memory: int
) -> None:
    fake.configure(*line.split("\n"))
    assert take([A], memory=memory) is None


@pytest.mark.parametrize(
    "line", ["gpu used=900", "gpu util=20", "fail fn=nvmlDeviceGetUtilizationRates err=3"]
)
def test_a_desktop_does_not_make_a_gpu_busy(take: Take, fake: FakeDriver, line: str) -> None:
    fake.configure("gpu", line) if line.startswith("fail") else fake.configure(line)
    assert take([A])


def test_a_gpu_is_given_when_the_others_are_gone(fake: FakeDriver, root: str) -> None:
    fake.append(STRANGER)
    with slots.enqueue(root, "job", driver=fake.session()) as ticket:
        assert ticket.try_claim([A], 1) is None
        fake.configure("gpu")
        with until(lambda: ticket.try_claim([A], 1)) as claim:
            assert claim.uuids == (A["uuid"],)


def test_a_waiter_tells_who_is_in_its_way(fake: FakeDriver, root: str) -> None:
    fake.configure("gpu", "gpu", STRANGER, STRANGER.replace("gpu=0", "gpu=1"))
    with slots.enqueue(root, "job", driver=fake.session()) as ticket:
        # each GPU is called busy after two looks of its own
        told = "busy: other processes use GPU 0, 1"
        until(lambda: ticket.try_claim([A, B], 1) or slots.waiters(root)[0].why == told)
        [waiter] = slots.waiters(root)
    assert (waiter.why, waiter.uuids) == (told, (A["uuid"], B["uuid"]))


def test_a_busy_gpu_is_passed_by(take: Take, fake: FakeDriver) -> None:
    fake.append(STRANGER)
    assert uuids(take([A, B])) == (B["uuid"],)


def test_what_a_job_of_ours_left_does_not_make_a_gpu_busy(
    take: Take, fake: FakeDriver, child: "subprocess.Popen[bytes]"
) -> None:
    fake.configure("gpu util=90", f"proc gpu=0 pid={child.pid} mem=9000")
    assert take([A])


def test_the_load_of_our_last_job_is_not_taken_for_others(take: Take, fake: FakeDriver) -> None:
    first = take([A])
    fake.configure("gpu util=90")
    assert first is not None
    first.release()
    assert take([A])


def test_a_lost_gpu_goes_into_quarantine_and_another_is_taken(
    take: Take, fake: FakeDriver, root: str
) -> None:
    fake.configure("gpu lost=1", "gpu")
    assert uuids(take([A, B])) == (B["uuid"],)
    [found] = slots.all_quarantined(root)
    assert (found.uuid, found.reason) == (
        A["uuid"],
        "it is lost: the driver cannot reach it any more",
    )


def test_a_quarantined_gpu_is_not_given_until_it_is_lifted(take: Take, root: str) -> None:
    slots.put_into_quarantine(root, A["uuid"], "XID error 79")
    slots.put_into_quarantine(root, A["uuid"], "a later reason")
    with pytest.raises(Refused, match=r"wants 1 GPU, and .* is in quarantine: XID error 79"):
        take([A])
    slots.lift_quarantine(root, A["uuid"])
    assert take([A])


def test_a_restart_of_the_machine_lifts_a_quarantine(take: Take, root: str) -> None:
    slots.put_into_quarantine(root, A["uuid"], "XID error 79")
    file = Path(root, f"{A['uuid']}.quarantine")
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    file.write_text(file.read_text().replace(boot, "another-boot"))
    assert slots.all_quarantined(root) == []
    assert take([A])


def test_a_torn_quarantine_is_none(take: Take, root: str) -> None:
    slots.put_into_quarantine(root, A["uuid"], "XID error 79")
    Path(root, f"{A['uuid']}.quarantine").write_text('{"reason": "XI')
    assert take([A])


def test_the_closest_gpus_are_taken(take: Take) -> None:
    near = {(0, 2), (1, 3)}
    links = {
        a: [
            (UUID.format(b), 10 if (min(a, b), max(a, b)) in near else 40)
            for b in range(4)
            if b != a
        ]
        for a in range(4)
    }
    devices = [{**gpu(n), "links": links[n]} for n in range(4)]
    assert uuids(take(devices, count=2)) == (A["uuid"], C["uuid"])
    assert uuids(take(devices, count=2)) == (B["uuid"], D["uuid"])


def test_the_whole_set_is_close_not_only_a_pair() -> None:
    far = {
        ("a", "b"): 10,
        ("a", "c"): 50,
        ("b", "c"): 50,
        ("c", "d"): 20,
        ("c", "e"): 20,
        ("d", "e"): 20,
    }
    names = "abcde"
    level = {**far, **{(b, a): way for (a, b), way in far.items()}}
    devices = [
        {"uuid": a, "links": [(b, level.get((a, b), 50)) for b in names if b != a]} for a in names
    ]
    places = {name: slots.slot_files.Place(name, 0, 0, []) for name in names}
    assert choose(places, devices, 3) == ["c", "d", "e"]


def test_looking_at_a_busy_gpu_becomes_rare(fake: FakeDriver, root: str) -> None:
    fake.append(STRANGER)
    with slots.enqueue(root, "job", driver=fake.session()) as ticket:
        assert ticket._shelf is not None
        pauses = []
        while len(pauses) < 4:
            assert ticket.try_claim([A], 1) is None
            pauses.append(ticket._shelf._pauses[A["uuid"]][1])
            time.sleep(pauses[-1])
    assert pauses == [0.004, 0.008, 0.016, 0.032]
