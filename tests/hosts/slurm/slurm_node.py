"""The first process of a node of the Slurm rig: makes the namespaces a machine of its own, then
keeps a slurmd.

python -I -S slurm_node.py '{"name": ..., ...}'   says "ready", waits for the cable (a line on
stdin), says "up". Killing this process ends everything on the node, as its PID namespace does.
"""

import json
import os
import subprocess
import sys


def main(told: dict) -> None:
    """Be the node until killed."""
    _run("mount", "-t", "proc", "proc", "/proc")
    _run("hostname", told["name"])
    _run("mount", "--bind", told["tmp"], told["shared_tmp"])
    _say("ready")
    sys.stdin.readline()
    _bring_up_network(told)
    with open(told["log"], "ab") as log:
        argv = [told["slurmd"], "-D", "-f", told["conf"]]
        subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    _say("up")
    while True:
        os.wait()


def _bring_up_network(told: dict) -> None:
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "set", told["cable"], "name", "eth0")
    _run("ip", "address", "add", f"{told['address']}/24", "dev", "eth0")
    _run("ip", "link", "set", "eth0", "up")


def _say(word: str) -> None:
    print(word, flush=True)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}: {done.stderr.strip()}")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
