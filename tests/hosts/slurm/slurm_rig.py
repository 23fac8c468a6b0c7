"""A real Slurm cluster on one machine: slurmctld here, and nodes that are namespaces for network,
names, processes and mounts, each with its own slurmd.

    with SlurmRig() as rig:
        subprocess.run(["sbatch", ...], env={**os.environ, **rig.environment})
        rig.nodes["n1"].kill()      # all of its processes at once; start() is a new boot
        rig.controller.stop()       # also kill(), proceed(), start()

Two partitions share the nodes: `low` (the default) and `high`, which preempts it by requeueing.
Each node has two GPUs, which are character devices and no more. No accounting database. A
node shares this machine's programs and files, but has a temporary folder of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 30.0  # seconds until a daemon has to answer
NODES = ("n1", "n2")
KILL_WAIT = 4
_NODE = Path(__file__).with_name("slurm_node.py")
_NAMESPACES = ("--net", "--uts", "--pid", "--mount", "--ipc")
_TOOLS = ("ip", "unshare", "munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
_CONFIGURATION = """\
ClusterName={mark}
SlurmctldHost={here_name}({here})
SlurmctldPort={port}
SlurmdPort=6818
AuthType=auth/munge
AuthInfo=socket={root}/munge.sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={root}/state
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.%n.pid
SlurmdSpoolDir={root}/spool.%n
TaskProlog={root}/prolog
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout={node_timeout}
InactiveLimit=0
KillWait={kill_wait}
MinJobAge=300
MaxArraySize={max_array}
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
{nodes}
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 MaxTime=INFINITE State=UP
PartitionName=high Nodes=ALL PriorityTier=10 MaxTime=INFINITE State=UP
"""


def lacks() -> str:
    """Why there can be no cluster on this machine; empty when there can."""
    if sys.platform != "linux" or os.geteuid():
        return "the Slurm rig needs Linux and root"
    missing = [tool for tool in _TOOLS if _program(tool) is None]
    if missing:
        return f"the Slurm rig needs {', '.join(missing)}: .ci/run installs them"
    argv = ["unshare", *_NAMESPACES, "--fork", "true"]
    refused = subprocess.run(argv, capture_output=True, text=True)
    return f"no namespaces: {refused.stderr.strip()}" if refused.returncode else ""


class SlurmRig:
    """A cluster that runs; `environment` leads Slurm's commands to it."""

    def __init__(self, *, cpus: int = 2, max_array: int = 1001, node_timeout: int = 5) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="swslurm-"))
        self.root.chmod(0o755)  # for its users
        self.mark = f"sws{secrets.token_hex(3)}"
        self.subnet = _free_subnet()
        self.environment = {"SLURM_CONF": str(self.root / "slurm.conf")}
        self._limits = {"max_array": max_array, "node_timeout": node_timeout}
        self._cpus = cpus
        self.munge = Daemon(self.root, _munge(self.root))
        conf = self.environment["SLURM_CONF"]
        self.controller = Daemon(self.root, [_path("slurmctld"), "-D", "-f", conf])
        self.nodes = {name: Node(self, name, at) for at, name in enumerate(NODES, 11)}

    def __enter__(self) -> SlurmRig:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes.values():
            node.kill()
        for daemon in (self.controller, self.munge):
            daemon.kill()
        subprocess.run(["ip", "link", "del", self.mark], capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def here(self) -> str:
        """The address of the controller, and of whoever submits."""
        return f"{self.subnet}.1"

    def ask(self, *argv: str) -> str:
        """What one of Slurm's commands prints. Raises CalledProcessError."""
        environ = {**os.environ, **self.environment}
        done = subprocess.run(argv, env=environ, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _start(self) -> None:
        self._write_files()
        _sh("ip", "link", "add", self.mark, "type", "bridge")
        _sh("ip", "address", "add", f"{self.here}/24", "dev", self.mark)
        _sh("ip", "link", "set", self.mark, "up")
        self.munge.start()
        _wait_for((self.root / "munge.sock").exists)
        self.controller.start()
        for node in self.nodes.values():
            node.start()
        self.await_nodes()

    def await_nodes(self, count: int = len(NODES)) -> None:
        """Wait until so many nodes can be given jobs."""
        _wait_for(lambda: self._idle() >= count)

    def _idle(self) -> int:
        with contextlib.suppress(subprocess.CalledProcessError):
            states = self.ask("sinfo", "-h", "-N", "-p", "low", "-o", "%T").split()
            return sum(state in ("idle", "mixed", "allocated") for state in states)
        return 0

    def _write_files(self) -> None:
        for name in ("state", "tmp", "dev"):
            (self.root / name).mkdir()
        for number in range(2):
            _sh("mknod", "-m", "666", str(self.root / f"dev/gpu{number}"), "c", "1", "3")
        (self.root / "munge.key").write_bytes(secrets.token_bytes(128))
        (self.root / "munge.key").chmod(0o400)
        prolog = self.root / "prolog"
        prolog.write_text(f"#!/bin/sh\necho export TMPDIR={self.root}/tmp\n")
        prolog.chmod(0o755)
        (self.root / "slurm.conf").write_text(self._configuration())
        gres = f"NodeName={','.join(NODES)} Name=gpu File={self.root}/dev/gpu[0-1]\n"
        (self.root / "gres.conf").write_text(gres)

    def _configuration(self) -> str:
        nodes = [
            f"NodeName={name} NodeAddr={node.address} CPUs={self._cpus} Gres=gpu:2 State=UNKNOWN"
            for name, node in self.nodes.items()
        ]
        return _CONFIGURATION.format(
            mark=self.mark,
            here_name=socket.gethostname(),
            here=self.here,
            port=_free_port(),
            root=self.root,
            kill_wait=KILL_WAIT,
            nodes="\n".join(nodes),
            **self._limits,
        )


class Daemon:
    """A process of this machine that can be stopped, killed and started again."""

    def __init__(self, root: Path, argv: list[str]) -> None:
        self._argv = argv
        self._log = root / f"{Path(argv[0]).name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def stop(self) -> None:
        """Let it stand still: it answers nobody."""
        self._signal(signal.SIGSTOP)

    def proceed(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)


class Node:
    """One machine of the cluster; `pid` is its first process as seen from here."""

    def __init__(self, rig: SlurmRig, name: str, last: int) -> None:
        self.name = name
        self.address = f"{rig.subnet}.{last}"
        self.tmp = rig.root / f"tmp.{name}"
        self.pid = 0
        self._rig = rig
        self._last = last
        self._unshare: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Boot it."""
        self.tmp.mkdir(exist_ok=True)
        self.tmp.chmod(0o1777)
        (self._rig.root / f"spool.{self.name}").mkdir(exist_ok=True)
        words = ["unshare", *_NAMESPACES, "--fork", "--kill-child", sys.executable, "-I", "-S"]
        argv = [*words, str(_NODE), json.dumps(self._told())]
        self._unshare = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._hear("ready")
        self.pid = _only_child(self._unshare.pid)
        self._plug_in()
        self._hear("up")

    def kill(self) -> None:
        """Pull the plug: every process of the node ends at once."""
        if self._unshare is None:
            return
        self._unshare.kill()
        self._unshare.wait()
        for pipe in (self._unshare.stdin, self._unshare.stdout):
            if pipe is not None:
                pipe.close()
        self._unshare = None
        self.pid = 0

    def hide(self, folder: Path) -> None:
        """Have the node not see what is in this folder."""
        inside = ["nsenter", "--mount", "--target", str(self.pid)]
        _sh(*inside, "mount", "-t", "tmpfs", "tmpfs", str(folder))

    def processes(self, word: str) -> list[int]:
        """The PIDs, as seen from here, of the node's processes whose command line holds `word`."""
        space = os.stat(f"/proc/{self.pid}/ns/pid").st_ino
        return [pid for pid in _pids() if _is_in(pid, space) and word in _command_line(pid)]

    def _told(self) -> dict[str, object]:
        return {
            "name": self.name,
            "tmp": str(self.tmp),
            "shared_tmp": str(self._rig.root / "tmp"),
            "address": self.address,
            "cable": self._cable,
            "slurmd": _path("slurmd"),
            "conf": self._rig.environment["SLURM_CONF"],
            "log": str(self._rig.root / f"slurmd.{self.name}.log"),
        }

    @property
    def _cable(self) -> str:
        return f"{self._rig.mark}-{self._last}"

    def _plug_in(self) -> None:
        ours = f"{self._cable}h"
        peer = ["peer", "name", self._cable, "netns", str(self.pid)]
        _sh("ip", "link", "add", ours, "type", "veth", *peer)
        _sh("ip", "link", "set", ours, "master", self._rig.mark, "up")
        assert self._unshare is not None and self._unshare.stdin is not None
        self._unshare.stdin.write("go\n")
        self._unshare.stdin.flush()

    def _hear(self, word: str) -> None:
        assert self._unshare is not None and self._unshare.stdout is not None
        said = self._unshare.stdout.readline().strip()
        assert said == word, f"node {self.name} said {said!r}, not {word!r}"


def _munge(root: Path) -> list[str]:
    files = {"socket": "sock", "key-file": "key", "pid-file": "pid", "seed-file": "seed"}
    words = [f"--{option}={root}/munge.{name}" for option, name in files.items()]
    return [_path("munged"), "--foreground", "--force", f"--log-file={root}/munged.log", *words]


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _path(name: str) -> str:
    return _program(name) or name


def _free_subnet() -> str:
    """A subnet of the range for benchmarks that nobody on this machine uses."""
    taken = subprocess.run(["ip", "-4", "address"], capture_output=True, text=True).stdout
    subnets = (f"198.{random.choice((18, 19))}.{random.randrange(256)}" for _ in range(20))
    return next(subnet for subnet in subnets if subnet not in taken)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def _only_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _is_in(pid: int, space: int) -> bool:
    with contextlib.suppress(OSError):
        return os.stat(f"/proc/{pid}/ns/pid").st_ino == space
    return False


def _command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def _sh(*argv: str) -> None:
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def _wait_for(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, "Slurm does not answer: see its logs"
        time.sleep(0.1)
