"""What the parts of this room tell each other: hosts, lanes, offers, leases, results and events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sweeptree.errors import UsageError
from sweeptree.model.checks import HOST_NAME

ALL = "all"  # in place of a name: every host that was added
SWEEP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_USER = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}@"
_MACHINE = r"[A-Za-z0-9:_][A-Za-z0-9._:-]{0,253}"
ADDRESS = re.compile(f"(?:{_USER})?{_MACHINE}")


@dataclass(frozen=True, slots=True)
class Host:
    """A machine that sweeps may use. Raises UsageError for a name, address or path of no use.

    `address` is what ssh is given: `user@gpu2`, a host of ssh_config. `home`, `python` (the
    environment's own) and `data` are absolute paths on the host; `setup` is a shell command.
    """

    name: str
    address: str
    home: str
    python: str
    port: int | None = None
    data: str | None = None
    setup: str | None = None

    def __post_init__(self) -> None:
        check_host_name(self.name)
        check_address(self.address)
        if self.port is not None and not 0 < self.port < 65536:
            raise UsageError(f"{self.name}: {self.port} is no port", hint="give one up to 65535")
        for path in (self.home, self.python, self.data or "/"):
            _check_path(self.name, path)

    def is_same_machine(self, other: Host) -> bool:
        """Whether both are one folder of one machine, whatever they are called."""
        return self._place == other._place

    @property
    def _place(self) -> tuple[str, int | None, str]:
        return self.address, self.port, self.home


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU (or MIG slice) of a host. `index` is the host's own number of it, `memory` in MiB."""

    uuid: str
    index: int
    name: str
    memory: int


class Order(StrEnum):
    """What the lanes of a sweep shall do; a later word is the stronger one."""

    GO = "go"
    DRAIN = "drain"  # finish what runs, give back what has not begun, lease nothing more
    STOP = "stop"  # end what runs, with its grace
    KILL = "kill"  # end what runs at once

    def is_stronger_than(self, other: Order) -> bool:
        """Whether this one asks for more."""
        words = list(Order)
        return words.index(self) > words.index(other)


class EventKind(StrEnum):
    """What happened: to a job, or (without a job) to a lane."""

    LEASED = "leased"
    STARTED = "started"
    PROGRESS = "progress"  # of a job only the newest one is kept
    FINISHED = "finished"  # once for each accepted attempt; the payload is the lane's result
    # Its lease ended without a result; the payload's `why` is a sentence, and `unbegun` whether its
    # lane gave it back before its command began.
    DUE_AGAIN = "due_again"
    CANCELLED = "cancelled"  # the payload has `unbegun` too
    GIVEN_UP = "given_up"  # it took down two hosts; the payload has `why` and `hosts`
    UNPLACEABLE = "unplaceable"  # no lane has the GPUs that it needs; the payload has `why`
    LANE_JOINED = "lane_joined"
    LANE_LOST = "lane_lost"  # not heard for longer than a lease lasts
    LANE_BACK = "lane_back"
    LANE_LEFT = "lane_left"


@dataclass(frozen=True, slots=True)
class Offer:
    """A job that is due, and what it needs: `gpus` GPUs with `gpu_memory` MiB each.

    `attempts_before` counts the attempts that the driver knows to have ended: a job that is
    offered with the number of its newest attempt is due for another one.
    """

    job: int
    attempts_before: int = 0
    gpus: int = 0
    gpu_memory: int = 0


@dataclass(frozen=True, slots=True)
class Leased:
    """The right of one lane to run one attempt of a job.

    `gpu_memory`: the MiB of each of its GPUs that the job asks for; 0: the whole GPU.
    """

    job: int
    attempt: int
    gpu_memory: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Lane:
    """One host's share of a sweep. `boot` is the boot id of the host ("" where it has none).

    `gpu_memory` has the MiB of each GPU that the lane may use; without GPUs it is empty.
    """

    id: str
    host: str
    boot: str
    slots: int
    gpu_memory: tuple[int, ...] = ()

    def has(self, gpus: int, gpu_memory: int) -> bool:
        """Whether so many GPUs of that memory (MiB) are there at all, busy or not."""
        large = [memory for memory in self.gpu_memory if memory >= gpu_memory]
        return len(large) >= gpus


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt; `payload` is a JSON object of at most a megabyte."""

    job: int
    attempt: int
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the driver should know. `seq` grows by one within a sweep."""

    seq: int
    kind: EventKind
    job: int | None
    attempt: int | None
    host: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether what a lane said counts; `why` is the reason when it does not."""

    accepted: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """The answer to a lane that asks for jobs. `left` counts the jobs that have not ended."""

    leases: tuple[Leased, ...]
    order: Order
    left: int


@dataclass(frozen=True, slots=True)
class Orders:
    """The answer to a heartbeat.

    `cancelled` jobs are to be ended and their result sent; `lost` ones are another lane's by now:
    they are to be ended, and nothing of them counts. `recalled` ones are to be given back, as long
    as they have not begun: a slot elsewhere is free. `version` changes with every order.
    """

    order: Order
    version: int
    cancelled: tuple[int, ...] = ()
    lost: tuple[Leased, ...] = ()
    recalled: tuple[int, ...] = ()


def check_host_name(name: str) -> str:
    """Return the name of a host. Raises UsageError, also for `all`, which chooses every one."""
    if name == ALL:
        raise UsageError(
            f"a host cannot be named {ALL!r}: --hosts {ALL} means every host",
            hint="another name: sweeptree hosts add user@machine --name gpu2",
        )
    if HOST_NAME.fullmatch(name):
        return name
    raise UsageError(
        f"{name!r} cannot name a host",
        hint="up to 63 letters, digits, '.', '_' or '-', a letter or digit first, as in gpu2",
    )


def check_address(address: str) -> str:
    """Return an address for ssh. Raises UsageError, also for what ssh would take as an option."""
    if ADDRESS.fullmatch(address):
        return address
    raise UsageError(
        f"{address!r} is no address for ssh", hint="as in user@gpu2, or a Host of ~/.ssh/config"
    )


def check_sweep_id(sweep: str) -> str:
    """Return the id of a sweep over hosts. Raises UsageError."""
    if SWEEP_ID.fullmatch(sweep):
        return sweep
    raise UsageError(
        f"{sweep!r} cannot be the id of a sweep",
        hint="up to 128 letters, digits, '.', '_' or '-', a letter or digit first",
    )


def _check_path(host: str, path: str) -> None:
    if not path.startswith("/") or "\0" in path or "\n" in path:
        raise UsageError(f"{host}: {path!r} is no absolute path", hint="give it from the root, /…")
