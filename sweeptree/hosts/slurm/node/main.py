"""The keeper of one task, from Slurm's start of the batch script to its exit.

    signals → what to do → attempt's lock → worktree → set-up → command → what it left → outcome

Hides the order in which things are written, so that a keeper which is killed at any moment leaves
the truth: no outcome while the command runs, and one as soon as its tree is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from sweeptree.hosts.slurm.node import devices, digests, leavings, manifest, reasons
from sweeptree.hosts.slurm.node.checkout import Checkout
from sweeptree.supervise.causes import Verdict
from sweeptree.supervise.command import Attempt
from sweeptree.supervise.files import SetupError, hold_alive, write_aside, write_patiently
from sweeptree.supervise.tree import IGNORED, WATCHED
from sweeptree.system.signalling import PR_SET_CHILD_SUBREAPER, PR_SET_NAME, prctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_NOT_RUN = 3  # exit code: the keeper could not begin
_BEFORE = ".before"  # of the file that holds the outcome while files are kept


def main(folder: str) -> NoReturn:
    """Run the task of the array in `folder` that this process was started for, and exit."""
    _set_signals()
    try:
        told = manifest.read(folder, int(os.environ["SLURM_ARRAY_TASK_ID"]))
        code = Task(told).run()
    except SetupError as error:
        print(f"sweeptree: {error}", file=sys.stderr)  # noqa: T201 - Slurm keeps it
        code = _NOT_RUN
    sys.stderr.flush()
    os._exit(code)


def clear(folder: str) -> NoReturn:
    """End what keepers that were killed have left on this node, of whichever sweep, and exit.

    `folder`: of any array of the sweep that asks for it.
    """
    _set_signals()
    code = 0
    try:
        Checkout(manifest.read(folder, 0), "clear").clear_abandoned()
    except (SetupError, OSError) as error:
        print(f"sweeptree: {error}", file=sys.stderr)  # noqa: T201 - Slurm keeps it
        code = _NOT_RUN
    sys.stderr.flush()
    os._exit(code)


def _set_signals() -> None:
    """Before anything else: an unhandled USR2 would kill us and leave our children."""
    signal.pthread_sigmask(signal.SIG_SETMASK, WATCHED)
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_NAME, b"sweeptree-keep")


class Task:
    """One attempt of one job, as this node runs it."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.number = told["attempt"] + reasons.restarts()
        self._why: reasons.Why | None = None
        self._data: str | None = None
        self._printed = reasons.size_of_output()
        name = told["launch_name"].format(number=self.number, suffix="")
        self._checkout = Checkout(told, name) if told["repo"] else None
        self.launch = self._launch(name)

    def run(self) -> int:
        """Run it to its outcome; the exit code that Slurm is to see."""
        alive = hold_alive(self.launch)
        os.makedirs(self.told["out"], exist_ok=True)
        attempt, in_setup = self._attempt()
        outcome = {**attempt.outcome(), **self._facts(in_setup=in_setup)}
        outcome.update(self._keep(outcome, attempt))
        written = write_patiently(self.launch["outcome"], outcome, alive)
        self._clear_up(has_files=bool(outcome.get("left")))
        return _exit_code(outcome) if written else _NOT_RUN

    def _attempt(self) -> tuple[Attempt, bool]:
        """The command, or what kept it from running; and whether that was the set-up."""
        try:
            if self._checkout is not None:
                self._checkout.make()
        except (SetupError, OSError) as error:
            return self._not_begun(str(error)), False
        if self.told["setup"]:
            first = self._run(self.told["setup"], {"started": self._file("started.setup")})
            if first.verdict.state != "succeeded":
                return first, True
        self._data = self._data_now()
        facts = {"host": self.launch["host"], "data_digest": self._data}
        return self._run(self.told["command"], {"facts": facts}, measured=True), False

    def _not_begun(self, reason: str) -> Attempt:
        attempt = Attempt(self.launch, self._stopped)
        attempt.open_log()
        attempt.verdict = Verdict("failed", reason)
        return attempt

    def _run(self, command: str, told: dict[str, Any], *, measured: bool = False) -> Attempt:
        """Run one line of shell; `told`: what its launch has beside or in place of the job's."""
        attempt = Attempt({**self.launch, "command": command, **told}, self._stopped)
        attempt.open_log()
        if measured:
            devices.attach(attempt, self.told["state"])
        attempt.run()
        attempt.held = attempt.seconds
        return attempt

    def _stopped(self, got: int | None) -> Verdict:
        self._why = reasons.why(got, warned_before=self.told["grace"], since=self._printed)
        return self._why.verdict()

    def _facts(self, *, in_setup: bool) -> dict[str, Any]:
        """What an outcome holds beside what every keeper writes."""
        return {
            "host": self.launch["host"],
            "data_digest": self._data,
            "data_at_end": self._data and self._data_now(),
            "slurm_task": reasons.task_name(),
            "goes_on": self._why is not None and self._why.goes_on,
            "in_setup": in_setup,
        }

    def _data_now(self) -> str | None:
        return digests.digest(self.launch["cwd"], self.told["data"])

    def _keep(self, outcome: dict[str, Any], attempt: Attempt) -> dict[str, Any]:
        """What the job left. Slurm may kill us meanwhile: how it ended is written before that."""
        if self._checkout is None or attempt.start_time is None:
            return {}
        if self._why is not None:
            with contextlib.suppress(OSError):
                write_aside(self.launch["outcome"] + _BEFORE, outcome, durable=True)
        found = leavings.keep(self._checkout, self.told, self.number)
        if found["left"]:
            where = f"{self.launch['host']}:{self._checkout.top}"
            found["notes"].append(f"{found['left']} files stand only in {where}")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.launch["outcome"] + _BEFORE)
        return found

    def _clear_up(self, *, has_files: bool) -> None:
        if self._checkout is None:
            return
        if has_files:
            self._checkout.leave()
        else:
            self._checkout.remove()

    def _launch(self, name: str) -> dict[str, Any]:
        told = self.told
        path = self._checkout.path if self._checkout is not None else told["place"]
        files = {what: self._file(what) for what in ("alive", "started", "outcome")}
        return {
            "name": name,
            "host": reasons.node_name(),
            "command": told["command"],
            "cwd": path,
            "env": self._environment(path),
            "log": told["log"],
            "timeout": told["timeout"],
            "grace": told["grace"],
            "log_cap": told["log_cap"],
            "slots": None,
            **files,
        }

    def _file(self, what: str) -> str:
        name = str(self.told["attempt_file"]).format(number=self.number, what=what)
        return os.path.join(self.told["state"], name)

    def _environment(self, path: str) -> dict[str, str]:
        env = {**os.environ, **self.told["env"]}
        env["SWEEPTREE_ATTEMPT"] = str(self.number)
        env["SWEEPTREE_WORKTREE"] = path
        env[devices.VISIBLE] = ",".join(devices.given())
        if reasons.restarts():
            env["SWEEPTREE_RESUMED"] = "1"
        return self._with_import_path(env)

    def _with_import_path(self, env: dict[str, str]) -> dict[str, str]:
        """PYTHONPATH with the worktree's own folders first, where an editable install needs it."""
        if not self.told["import_path"] or self._checkout is None:
            return env
        top = self._checkout.top
        own = [os.path.normpath(os.path.join(top, one)) for one in self.told["import_path"]]
        before = env.get("PYTHONPATH")
        return {**env, "PYTHONPATH": os.pathsep.join([*own, *([before] if before else [])])}


def _exit_code(outcome: dict[str, Any]) -> int:
    """0 for success alone: people look at Slurm's own state too."""
    if outcome["state"] == "succeeded":
        return 0
    code = outcome["exit_code"]
    return code if code is not None and 0 < code < 128 else 1
