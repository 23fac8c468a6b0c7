"""One attempt of a job inside its keeper: slots, command, tree, outcome.

Hides: how the command comes to its environment (own session, the log as its output, signals as new)
and how its end is put into words. Standard library only; `sweeptree.gpus.slots` is loaded when a
job asks for GPUs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Any, NoReturn

from sweeptree.supervise.causes import (
    GPU_LOST,
    GPU_MEMORY,
    HOST_MEMORY,
    explain,
    lacks_gpu_memory,
    lacks_host_memory,
    oom_kills,
)
from sweeptree.supervise.cookie import COOKIE, COOKIE_MARK
from sweeptree.supervise.files import Pump, SetupError, open_log, write_aside
from sweeptree.supervise.tree import IGNORED, STOPS, Tree, next_signal
from sweeptree.system.processes import descendants
from sweeptree.system.signalling import PR_SET_PDEATHSIG, prctl

LEFTOVER_GRACE = 0.2


def utc_now() -> str:
    """The time now in UTC, ISO 8601 with microseconds."""
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}+00:00"


class Attempt:
    """One attempt of a job: slots, command, tree, outcome."""

    def __init__(self, launch: dict[str, Any]) -> None:
        self.launch = launch
        self.tree = Tree()
        self.pump: Pump | None = None
        self.state, self.reason = "failed", ""
        self.cause: str | None = None
        self.meter: Any = None
        self.measured: dict[str, float | None] = {}
        self.start_time: str | None = None
        self.began = self.seconds = self.waited = self.held = 0.0
        self.leftovers = 0
        self.gpus: list[str] = []
        self.log = self.log_start = -1
        self.oom_before = oom_kills()

    def open_log(self) -> None:
        """Make the log, so that it is there before anything else happens."""
        try:
            self.log = open_log(self.launch["log"])
            self.log_start = os.fstat(self.log).st_size
        except SetupError as error:
            self.reason = str(error)

    def run(self) -> None:
        """Wait for the slots, run the command, see its tree to the end.

        Never raises; `state` says how it went.
        """
        try:
            if self.log >= 0:
                self._run_with_slots()
        except SetupError as error:
            self.reason = str(error)
        except Exception as error:  # the outcome must tell, and nothing of the job may stay
            self.state, self.reason = (
                "failed",
                f"the keeper failed: {type(error).__name__}: {error}",
            )
        finally:
            self.tree.end(0.0)

    def _run_with_slots(self) -> None:
        request = self.launch["slots"]
        if not request or not request["count"]:
            if next_signal(0) in STOPS:
                self._cancelled("cancelled before it started")
            else:
                self._run_command({})
            return
        driver = _slots().open_driver()  # before the queue: a freed GPU does not wait for it
        claim = self._claim(request, driver)
        if claim is None:
            self._cancelled("cancelled while it waited for a GPU")
            return
        since = time.monotonic()
        try:
            self.gpus = list(claim.uuids)
            _end_abandoned(claim.abandoned)
            if driver is not None:
                self.meter = _meter_class()(
                    driver, request["root"], self.gpus, alone=not request["memory"]
                )
            self._run_command(dict(claim.environment))
        finally:
            self.tree.end(0.0)  # a GPU is given back only when nothing of ours can still use it
            self.held = time.monotonic() - since
            claim.release()

    def _cancelled(self, reason: str) -> None:
        self.state, self.reason = "cancelled", reason

    def _claim(self, request: dict[str, Any], driver: Any) -> Any:
        since = time.monotonic()
        try:
            ticket = _slots().enqueue(
                request["root"], request["owner"], memory=request["memory"], driver=driver
            )
            wish = {
                "devices": request["devices"],
                "count": request["count"],
                "env_style": request["env_style"],
            }
            try:
                while (claim := ticket.try_claim(**wish)) is None:
                    if next_signal(ticket.pause()) in STOPS:
                        return None
                return claim
            finally:
                ticket.close()
        except Exception as error:
            raise SetupError(f"no GPU slot could be claimed: {error}") from error
        finally:
            self.waited = time.monotonic() - since

    def _run_command(self, slot_environment: dict[str, str]) -> None:
        cookie = self.launch["name"] + COOKIE_MARK + os.urandom(8).hex()
        self._start({**self.launch["env"], **slot_environment, COOKIE: cookie})
        timeout = self.launch["timeout"]
        how, at_once = self.tree.watch(
            None if timeout is None else self.began + timeout, self.meter
        )
        if how == "exited":
            self._end_leftovers()
        else:
            self.tree.end(0.0 if at_once else self.launch["grace"])
        self.seconds = time.monotonic() - self.began
        if self.pump:
            self.pump.finish()
        if self.meter:
            self.meter.check()
            self.measured = self.meter.close()
        self._judge(how)

    def _start(self, environment: dict[str, str]) -> None:
        if self.launch["log_cap"] > 0:
            self.pump = Pump(self.log, self.launch["log_cap"])
        report, reported = os.pipe()
        keeper = os.getpid()
        self.start_time, self.began = utc_now(), time.monotonic()
        pid = os.fork()
        if pid == 0:
            output = self.pump.sink if self.pump else self.log
            become_command(self.launch, environment, (output, reported), keeper)
        self.tree.adopt_main(pid)
        os.close(reported)
        if self.pump:
            self.pump.start()
        problem = os.read(report, 4096).decode(
            errors="replace"
        )  # empty once /bin/sh has taken over
        os.close(report)
        if problem:
            self.start_time = None
            raise SetupError(problem)
        with contextlib.suppress(OSError):  # good to know, not needed: the outcome is what counts
            started = {"start_time": self.start_time, "gpus": self.gpus, "pid": pid}
            write_aside(self.launch["started"], started, durable=False)

    def _end_leftovers(self) -> None:
        self.tree.reap()
        if not self.tree.empty:
            self.leftovers = len(descendants(os.getpid()))
            self.tree.end(LEFTOVER_GRACE)

    def _judge(self, how: str) -> None:
        code = self.tree.status
        fault = self.meter.fault if self.meter else None
        if fault and code != 0 and how != "cancelled":
            self.reason, self.cause = fault, GPU_LOST
        elif how == "timed_out":
            self.state, self.reason = how, f"timed out after {self.launch['timeout']:.1f} s"
        elif how == "cancelled":
            self._cancelled("cancelled")
        elif code == 0:
            self.state, self.reason = "succeeded", ""
        elif code is not None:
            self._explain(code)

    def _explain(self, code: int) -> None:
        killed = oom_kills() > self.oom_before
        self.reason = explain(code, self.launch["log"], out_of_memory=killed)
        if lacks_host_memory(code, out_of_memory=killed):
            self.cause = HOST_MEMORY
        elif self.gpus and lacks_gpu_memory(self.launch["log"]):
            self.reason, self.cause = f"out of GPU memory ({self.reason})", GPU_MEMORY

    def outcome(self) -> dict[str, Any]:
        """The fields of `model.Outcome`. Call it when the tree is empty."""
        if self.pump:
            self.pump.finish()
        code = self.tree.status if self.start_time else None
        grown = os.fstat(self.log).st_size - self.log_start if self.log >= 0 else 0
        return {
            "state": self.state,
            "exit_code": code,
            "signal": -code if code is not None and code < 0 else None,
            "reason": self.reason or None,
            "start_time": self.start_time,
            "end_time": utc_now(),
            "duration_seconds": round(self.seconds, 6),
            "peak_rss_mb": round(self.tree.peak_kb / 1024, 1) if self.start_time else None,
            "gpus": self.gpus,
            "gpu_seconds": round(self.held * len(self.gpus), 6),
            "waited_seconds": round(self.waited, 6),
            "log_bytes": self.pump.kept if self.pump else max(0, grown),
            "log_dropped": self.pump.total - self.pump.kept if self.pump else 0,
            "leftovers": self.leftovers,
            "cause": self.cause,
            **self.measured,
        }


def become_command(
    launch: dict[str, Any], environment: dict[str, str], output: tuple[int, int], keeper: int
) -> NoReturn:
    """Turn this fresh child into the job's command.

    `output` is its log and where to report a failure.
    """
    what = "the command cannot be started"
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:  # it died before the line above took effect
            os._exit(127)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output[0], 1)
        os.dup2(output[0], 2)
        what = f"the folder {launch['cwd']} cannot be entered"
        os.chdir(launch["cwd"])
        what = "the command cannot be started"
        restore_signals()
        # '--' keeps a command that begins with '-' from being read as an option of the shell.
        os.execve("/bin/sh", ["/bin/sh", "-c", "--", launch["command"]], environment)  # noqa: S606
    except Exception as error:
        words = (isinstance(error, OSError) and error.strerror) or str(error)
        os.write(output[1], f"{what}: {words}".encode(errors="replace"))
    finally:
        os._exit(127)


def restore_signals() -> None:
    """Give a command the signals as a fresh process has them: none ignored, none blocked."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _end_abandoned(owners: tuple[str, ...]) -> None:
    """End what these launches, whose keepers died holding our slots, may have left running on the
    devices."""
    if not owners:
        return
    from sweeptree.supervise.orphans import sweep_orphans  # only here: hardly any keeper needs it

    for owner in owners:
        sweep_orphans(owner, lambda name, dead=owner: name != dead)  # type: ignore[misc]


def _meter_class() -> Any:
    from sweeptree.supervise.meter import Meter

    return Meter


def _slots() -> Any:
    from sweeptree.gpus import slots

    return slots
