"""The first process of a host of the rig: makes the namespaces a machine of its own, then keeps an
sshd.

python -I -S host_init.py FOLDER   with FOLDER/host.json; says "ready", and waits for the cable: a
line on stdin. Killing this process ends everything on the host, as its PID namespace does.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HOME = "/mnt/home"


def main(folder: Path) -> None:
    """Be the host until killed."""
    told = json.loads((folder / "host.json").read_text())
    _mount_own_places(folder, told)
    _say("ready")
    sys.stdin.readline()
    _bring_up_network(told)
    argv = [told["sshd"], "-D", "-e", "-f", str(folder / "sshd_config")]
    with (folder / "sshd.log").open("ab") as log:
        sshd = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    _say("up")
    _reap_until(sshd.pid)


def _mount_own_places(folder: Path, told: dict) -> None:
    _run("mount", "-t", "proc", "proc", "/proc")
    _run("hostname", told["name"])
    for place in ("/mnt", "/run", "/dev/shm", *told["hidden"]):
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    for made in ("/run/sshd", "/run/lock", HOME):
        os.mkdir(made)
    for shared in ("/run/lock", "/dev/shm"):
        os.chmod(shared, 0o1777)
    _mount_home(folder, told["disk"])
    for name, place in told["files"].items():
        _run("mount", "--bind", str(folder / name), place)


def _mount_home(folder: Path, size: str) -> None:
    """A folder that stays when the host is killed; with a size, a disk that does not."""
    if size:
        _run("mount", "-t", "tmpfs", "-o", f"mode=700,size={size}", "tmpfs", HOME)
    else:
        _run("mount", "--bind", str(folder / "home"), HOME)


def _bring_up_network(told: dict) -> None:
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "set", told["cable"], "name", "eth0")
    _run("ip", "address", "add", f"{told['address']}/24", "dev", "eth0")
    _run("ip", "link", "set", "eth0", "up")


def _reap_until(last: int) -> None:
    while os.wait()[0] != last:
        pass


def _say(word: str) -> None:
    print(word, flush=True)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}: {done.stderr.strip()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
