"""The far side of the tests in this folder: a Slurm of one node that is this process's machine.

`sbatch`, `squeue`, `scontrol` and `scancel` start this program with their name before their words.
A task runs at once; its state stands in a file of $FAKE_SLURM. It knows what sweeptree asks of
Slurm, and no more; the tests in tests/hosts/slurm ask the real one.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

HOME = Path(os.environ.get("FAKE_SLURM", "."))


def sbatch(words: list[str]) -> int:
    if (HOME / "refuses").exists():
        print("sbatch: error: Invalid partition name specified", file=sys.stderr)
        return 1
    if "--test-only" in words:
        print("sbatch: Job 1 to start at once", file=sys.stderr)
        return 0
    if (HOME / "breaks").exists():
        print("sbatch: error: QOSMaxSubmitJobPerUserLimit", file=sys.stderr)
        return 1
    (HOME / "submitted").open("a").write(" ".join(words) + "\n")
    number = str(len((HOME / "submitted").read_text().splitlines()))
    options = dict(word.partition("=")[::2] for word in words)
    last = options.get("--array", "0-0").partition("%")[0].partition("-")[2]
    (HOME / f"{number}.name").write_text(options["--job-name"])
    for task in range(int(last) + 1):
        start(number, task, words[-1], options["--output"].replace("%a", str(task)))
    print(number)
    return 0


def start(array: str, task: int, script: str, output: str) -> None:
    state(f"{array}_{task}", "RUNNING|None|here")
    if os.fork():
        return
    os.setsid()
    own = {"SLURM_ARRAY_JOB_ID": array, "SLURM_ARRAY_TASK_ID": str(task), "TMPDIR": HOME / "node"}
    env = {**os.environ, **own}
    with open(output, "ab") as out:
        python = ["/usr/bin/env", sys.executable, "-IS", script]
        run = subprocess.Popen(python, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    (HOME / f"{array}_{task}.pid").write_text(str(run.pid))
    state(f"{array}_{task}", f"{'FAILED' if run.wait() else 'COMPLETED'}|None|here")
    os._exit(0)


def state(task: str, words: str) -> None:
    aside = HOME / f"{task}.new"
    aside.write_text(words)
    aside.rename(HOME / f"{task}.state")


def squeue(words: list[str]) -> int:
    names = [word.removeprefix("--name=") for word in words if word.startswith("--name=")]
    for file in HOME.glob("*.name"):
        if names and file.read_text() == names[0]:
            print(file.stem)
    for file in [] if names else sorted(HOME.glob("*.state")):
        array, task = file.stem.split("_")
        print(f"{array}|{task}|{file.read_text()}")
    return 0


def scontrol(words: list[str]) -> int:
    if words[:2] == ["show", "config"]:
        print("MaxArraySize = 1001\nKillWait = 30 sec")
    elif "show" in words:
        print("Restarts=0 JobState=RUNNING RunTime=00:00:01 TimeLimit=UNLIMITED ExitCode=0:9")
    else:
        (HOME / "orders").open("a").write(" ".join(words) + "\n")
    return 0


def scancel(words: list[str]) -> int:
    (HOME / "cancelled").open("a").write(" ".join(words) + "\n")
    if "--state=PENDING" in words:
        return 0
    for word in words:
        for file in [*HOME.glob(f"{word}_*.pid"), *HOME.glob(f"{word}.pid")]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(file.read_text()), signal.SIGTERM)
    return 0


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](sys.argv[2:]))
