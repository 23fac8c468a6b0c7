"""A Prefect worker on the host that outlives the ssh session: python -I -S -c THIS_TEXT VERB HOME.

start: reads a JSON document on stdin: argv, environment, service (a name), lingering. The
environment, with the server's auth string, stands in a file that only this account reads. With
lingering it is a service of systemd --user, else a process of its own.
stop: ends it. Standard library.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 15.0  # seconds
UNITS = "~/.config/systemd/user"
UNIT = """[Unit]
Description=Prefect worker of sweeptree
After=network-online.target

[Service]
EnvironmentFile={file}
ExecStart={argv}
Restart=always
RestartSec=10

[Install]
WantedBy=default.target
"""


def start(home: Path) -> None:
    """Start the worker anew."""
    told = json.load(sys.stdin)
    stop(home)
    if told["lingering"] == "yes":
        start_service(home, told["service"], told["argv"], told["environment"])
    else:
        start_process(home, told["argv"], told["environment"])


def stop(home: Path) -> None:
    """End the worker that was started before, if any."""
    try:
        note = json.loads((home / "worker.json").read_text())
    except (OSError, ValueError):
        return
    if "service" in note:
        systemctl("disable", "--now", note["service"])
        unit_path(note["service"]).unlink(missing_ok=True)
    else:
        end(note["pid"], note["ticks"])
    for name in ("worker.json", "worker.env"):
        (home / name).unlink(missing_ok=True)


def start_service(home: Path, service: str, argv: list[str], environment: dict[str, str]) -> None:
    """As a service of the account, which systemd starts again, also after a reboot."""
    file = home / "worker.env"
    write(file, assignments(environment))
    unit = unit_path(service)
    unit.parent.mkdir(parents=True, exist_ok=True)
    line = " ".join(quoted(word).replace("%", "%%").replace("$", "$$") for word in argv)
    write(unit, UNIT.format(file=file, argv=line))
    systemctl("daemon-reload")
    systemctl("enable", "--now", service)
    write(home / "worker.json", json.dumps({"service": service}))


def start_process(home: Path, argv: list[str], environment: dict[str, str]) -> None:
    """As a process in a session of its own, which ends with the machine."""
    with (home / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            argv,
            cwd=home,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    note = {"pid": process.pid, "ticks": ticks(process.pid)}
    write(home / "worker.json", json.dumps(note))
    with contextlib.suppress(subprocess.TimeoutExpired):
        code = process.wait(timeout=2.0)
        raise SystemExit(f"the worker ended at once with exit code {code}: {home}/worker.log")


def end(pid: int, started: str) -> None:
    """End exactly that process; a worker may sleep through a first TERM."""
    deadline = time.monotonic() + PATIENCE
    while started and ticks(pid) == started:
        is_late = time.monotonic() > deadline
        os.kill(pid, signal.SIGKILL if is_late else signal.SIGTERM)
        time.sleep(0.5)


def ticks(pid: int) -> str:
    """When a process started; empty where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def systemctl(*words: str) -> None:
    """Ask the account's systemd; its complaint is ours, unless something is only disabled."""
    runtime = {"XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}"}
    done = subprocess.run(
        ["systemctl", "--user", *words],
        env={**runtime, **os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode and words[0] != "disable":
        raise SystemExit(done.stderr.strip())


def unit_path(service: str) -> Path:
    """Where the account's services stand."""
    return Path(UNITS).expanduser() / service


def assignments(environment: dict[str, str]) -> str:
    """The file that systemd reads an environment from."""
    return "".join(f"{name}={quoted(value)}\n" for name, value in environment.items())


def quoted(word: str) -> str:
    """A word in quotes, as systemd reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def write(path: Path, text: str) -> None:
    """Replace a file that only this account reads."""
    aside = path.with_suffix(".new")
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "w") as stream:
        stream.write(text)
    aside.replace(path)


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]](Path(sys.argv[2]))
