"""GPU slots that all processes and users of a machine share, and that no kill -9 can leave stuck.

    with slots.enqueue(root, "lr:3.1", memory=18432, driver=open_driver()) as ticket:
        while (claim := ticket.try_claim(devices, 1)) is None:
            time.sleep(ticket.pause())

Hides the lock files. A slot is held exactly as long as one process keeps its file open under an
exclusive flock; the kernel frees it at the instant that process dies. Below the root:

    admission           flocked for the moment of a claim, so that all its slots are taken or none
    <uuid>.<n>          slot n of a device, flocked by its holder
                        who that is and what was promised to it (JSON)
    <uuid>.quarantine   why the device is given to nobody until a restart (JSON)
    queue/<number>-…    the ticket of a waiter, flocked while the waiter lives
                        line 1: who that is (JSON)
                        line 2: the devices it would take, parted by spaces
                        line 3: what is in its way, when that is more than a slot that is held

Both folders have mode 01777, so nobody removes a stranger's file; slot files have mode 0666, so
everybody can lock them. Who locks them all stops everybody: users must trust each other that far.

The keeper imports this package without site-packages and pays for every import in each job. So the
module level takes only os, stat, errno, fcntl, time, ctypes and _json (json alone costs 9 ms), and
plain classes instead of dataclasses (19 ms).
"""

from sweeptree.gpus.slots.claim import Claim
from sweeptree.gpus.slots.driver import Driver, GoneError, LostError, open_driver
from sweeptree.gpus.slots.notes import Holder, Waiter
from sweeptree.gpus.slots.quarantine import (
    Quarantine,
    all_quarantined,
    lift_quarantine,
    put_into_quarantine,
    quarantined,
)
from sweeptree.gpus.slots.queue import Ticket, enqueue, waiters
from sweeptree.gpus.slots.slot_files import SLOTS_PER_DEVICE, holders
from sweeptree.gpus.slots.strangers import descends, sees_strangers

__all__ = [
    "SLOTS_PER_DEVICE",
    "Claim",
    "Driver",
    "GoneError",
    "Holder",
    "LostError",
    "Quarantine",
    "Ticket",
    "Waiter",
    "all_quarantined",
    "descends",
    "enqueue",
    "holders",
    "lift_quarantine",
    "open_driver",
    "put_into_quarantine",
    "quarantined",
    "sees_strangers",
    "waiters",
]
