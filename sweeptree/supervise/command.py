"""One attempt of a job inside its keeper: slots, command, tree, outcome.

Hides how the command's end is put into words. Standard library only; `sweeptree.gpus.slots` is
loaded when a job asks for GPUs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from sweeptree.supervise.causes import (
    GPU_LOST,
    GPU_MEMORY,
    HOST_MEMORY,
    OomWatch,
    Verdict,
    explain,
    full_disk,
    lacks_gpu_memory,
)
from sweeptree.supervise.cookie import COOKIE, make_cookie
from sweeptree.supervise.files import SetupError, open_log, write_aside
from sweeptree.supervise.pump import Pump
from sweeptree.supervise.shell import become_command
from sweeptree.supervise.tree import STOPS, WITHDRAW, Tree, next_signal
from sweeptree.system.processes import descendants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sweeptree.gpus.slots import Claim, Driver, Ticket
    from sweeptree.supervise.meter import Meter

LEFTOVER_GRACE = 0.2
_ASKED_TO_END = (-signal.SIGTERM, 128 + signal.SIGTERM)  # the command itself, as a shell says it
_MOST_REPORTED = 4096
_UNBEGUN = STOPS | {WITHDRAW}  # what ends a command that has not begun


def utc_now() -> str:
    """The time now in UTC, ISO 8601 with microseconds."""
    now = time.time()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{seconds}.{int(now % 1 * 1e6):06d}+00:00"


class Attempt:
    """One attempt of a job: slots, command, tree, outcome.

    `stopped` says how it ended when the signal that it is given has ended it.
    """

    def __init__(
        self, launch: dict[str, Any], stopped: Callable[[int | None], Verdict] | None = None
    ) -> None:
        self.launch = launch
        self._stopped = stopped or _cancelled
        self.tree = Tree()
        self.verdict = Verdict("failed")
        self.pump: Pump | None = None
        self.meter: Meter | None = None
        self.measured: dict[str, float | None] = {}
        self.start_time: str | None = None
        self.began = self.seconds = self.waited = self.held = 0.0
        self.leftovers = 0
        self.gpus: list[str] = []
        self.log = self.log_start = -1
        self.oom = OomWatch()

    def open_log(self) -> None:
        """Make the log, so that it is there before anything else happens."""
        try:
            self.log = open_log(self.launch["log"])
            self.log_start = os.fstat(self.log).st_size
        except SetupError as error:
            self.verdict = Verdict("failed", str(error))

    def run(self) -> None:
        """Wait for the slots, run the command, see its tree to the end.

        Never raises; `verdict` says how it went.
        """
        try:
            if self.log >= 0:
                self._run_with_slots()
        except SetupError as error:
            self.verdict = Verdict("failed", str(error))
        except Exception as error:  # the outcome must tell, and nothing of the job may stay
            reason = f"the keeper failed: {type(error).__name__}: {error}"
            self.verdict = Verdict("failed", reason)
        finally:
            self.tree.end(0.0)

    def _run_with_slots(self) -> None:
        request = self.launch["slots"]
        if request and request["count"]:
            self._run_on_gpus(request)
            return
        got = next_signal(0)
        if got in _UNBEGUN:
            self.verdict = before_start(self._stopped(got))
        else:
            self._run_command({})

    def _run_on_gpus(self, request: dict[str, Any]) -> None:
        from sweeptree.gpus import slots  # only here: most jobs need none

        driver = slots.open_driver()  # before the queue: a freed GPU does not wait for it
        claim = self._claim(request, driver)
        if claim is None:
            self.verdict = Verdict("cancelled", "cancelled while it waited for a GPU")
            return
        since = time.monotonic()
        try:
            self.gpus = list(claim.uuids)
            _end_abandoned(claim.abandoned)
            self.meter = self._make_meter(request, driver)
            self._run_command(dict(claim.environment))
        finally:
            self.tree.end(0.0)  # a GPU is given back only when nothing of ours can still use it
            self.held = time.monotonic() - since
            claim.release()

    def _make_meter(self, request: dict[str, Any], driver: Driver | None) -> Meter | None:
        if driver is None:
            return None
        from sweeptree.supervise.meter import Meter

        return Meter(driver, request["root"], self.gpus, alone=not request["memory"])

    def _claim(self, request: dict[str, Any], driver: Driver | None) -> Claim | None:
        from sweeptree.gpus import slots

        since = time.monotonic()
        root, owner, memory = request["root"], request["owner"], request["memory"]
        try:
            with slots.enqueue(root, owner, memory=memory, driver=driver) as ticket:
                return _wait_for_turn(ticket, request)
        except Exception as error:
            raise SetupError(f"no GPU slot could be claimed: {error}") from error
        finally:
            self.waited = time.monotonic() - since

    def _run_command(self, slot_environment: dict[str, str]) -> None:
        cookie = make_cookie(self.launch["name"])
        self._start({**self.launch["env"], **slot_environment, COOKIE: cookie})
        how = self._see_to_its_end()
        self.seconds = time.monotonic() - self.began
        if self.pump:
            self.pump.finish()
        if self.meter:
            self.meter.check()
            self.measured = self.meter.close()
        self.verdict = self._judge(how)

    def _start(self, environment: dict[str, str]) -> None:
        if self.launch["log_cap"] > 0:
            self.pump = Pump(self.log, self.launch["log_cap"])
        report, reported = os.pipe()
        keeper = os.getpid()
        self.start_time, self.began = utc_now(), time.monotonic()
        pid = self._fork()
        if pid == 0:
            output = self.pump.sink if self.pump else self.log
            become_command(self.launch, environment, (output, reported), keeper)
        self.tree.adopt_main(pid)
        os.close(reported)
        if self.pump:
            self.pump.start()
        self._await_shell(report)
        self._note_start(pid)

    def _fork(self) -> int:
        try:
            return os.fork()
        except OSError as error:
            self.start_time = None
            why = f"no process could be made for the command: {error.strerror}"
            raise SetupError(why) from error

    def _await_shell(self, report: int) -> None:
        """Wait until /bin/sh has taken over, which closes the pipe. Raises SetupError."""
        problem = os.read(report, _MOST_REPORTED).decode(errors="replace")
        os.close(report)
        if problem:
            self.start_time = None
            raise SetupError(problem)

    def _note_start(self, pid: int) -> None:
        beside = self.launch.get("facts", {})
        started = {"start_time": self.start_time, "gpus": self.gpus, "pid": pid, **beside}
        with contextlib.suppress(OSError):  # good to know, not needed: the outcome is what counts
            write_aside(self.launch["started"], started, durable=False)

    def _see_to_its_end(self) -> str:
        timeout = self.launch["timeout"]
        deadline = None if timeout is None else self.began + timeout
        how, at_once = self.tree.watch(deadline, self.meter)
        if how == "exited":
            self._end_leftovers()
        else:
            self.tree.end(0.0 if at_once else self.launch["grace"])
        return how

    def _end_leftovers(self) -> None:
        self.tree.reap()
        if not self.tree.empty:
            self.leftovers = len(descendants(os.getpid()))
            self.tree.end(LEFTOVER_GRACE)

    def _judge(self, how: str) -> Verdict:
        code = self.tree.status
        fault = self.meter.fault if self.meter else None
        if fault and code != 0 and how != "cancelled":
            return Verdict("failed", fault, GPU_LOST)
        if how == "timed_out":
            return Verdict(how, f"timed out after {self.launch['timeout']:.1f} s")
        if how == "cancelled" or (code in _ASKED_TO_END and self.tree.was_asked()):
            return self._stopped(self.tree.asked)
        return Verdict("failed") if code is None else self._judge_exit(code)

    def _judge_exit(self, code: int) -> Verdict:
        if code == 0:
            return Verdict("succeeded")
        log = self.launch["log"]
        killed = self.oom.killed(code)
        reason = explain(code, log, out_of_memory=killed)
        if killed:
            return Verdict("failed", reason, HOST_MEMORY)
        if self.gpus and lacks_gpu_memory(log):
            return Verdict("failed", f"out of GPU memory ({reason})", GPU_MEMORY)
        return Verdict("failed", self._with_disk(reason))

    def _with_disk(self, reason: str) -> str:
        """The reason, and that a disk was full, where it was: the log cannot say so then."""
        lack = full_disk(self.launch["cwd"], os.path.dirname(self.launch["log"]))  # noqa: PTH120
        return f"{reason}; {lack}" if lack else reason

    def outcome(self) -> dict[str, Any]:
        """The fields of `model.Outcome`. Call it when the tree is empty."""
        if self.pump:
            self.pump.finish()
        return {
            "state": self.verdict.state,
            "reason": self.verdict.reason or None,
            "cause": self.verdict.cause,
            "start_time": self.start_time,
            "end_time": utc_now(),
            "duration_seconds": round(self.seconds, 6),
            "gpus": self.gpus,
            "gpu_seconds": round(self.held * len(self.gpus), 6),
            "waited_seconds": round(self.waited, 6),
            "leftovers": self.leftovers,
            **self._exit_fields(),
            **self._log_fields(),
            **self.measured,
        }

    def _exit_fields(self) -> dict[str, Any]:
        if self.start_time is None:
            return {"exit_code": None, "signal": None, "peak_rss_mb": None}
        code = self.tree.status
        return {
            "exit_code": code,
            "signal": -code if code is not None and code < 0 else None,
            "peak_rss_mb": round(self.tree.peak_kb / 1024, 1),
        }

    def _log_fields(self) -> dict[str, int]:
        if self.pump:
            dropped = self.pump.total - self.pump.kept
            return {"log_bytes": self.pump.kept, "log_dropped": dropped}
        grown = os.fstat(self.log).st_size - self.log_start if self.log >= 0 else 0
        return {"log_bytes": max(0, grown), "log_dropped": 0}


def _cancelled(_: int | None) -> Verdict:
    return Verdict("cancelled", "cancelled")


def before_start(verdict: Verdict) -> Verdict:
    """The same of a command that had not begun."""
    return Verdict(verdict.state, f"{verdict.reason} before it started", verdict.cause)


def _wait_for_turn(ticket: Ticket, request: dict[str, Any]) -> Claim | None:
    """The claim; None when we were told to end, or to begin nothing, before it came."""
    devices, count, style = request["devices"], request["count"], request["env_style"]
    while True:
        claim = ticket.try_claim(devices, count, env_style=style)
        if claim is not None:
            return claim
        if next_signal(ticket.pause()) in _UNBEGUN:
            return None


def _end_abandoned(owners: tuple[str, ...]) -> None:
    """End what these launches, whose keepers died holding our slots, may have left running."""
    if not owners:
        return
    from sweeptree.supervise.orphans import sweep_orphans  # only here: hardly any keeper needs it

    for owner in owners:
        sweep_orphans(owner, lambda name, dead=owner: name != dead)  # type: ignore[misc]
