"""Real hosts on one machine: namespaces for network, names, processes and mounts, each with its own
sshd, joined by a bridge.

    with Rig(folder) as rig:
        gpu1 = rig.add("gpu1", gpus=2)
        subprocess.run(["ssh", "-F", rig.ssh_config, "gpu1", "hostname"])
        gpu1.cut()          # the cable; mend() joins it again
        gpu1.kill()         # all of its processes at once; start() is a new boot
        gpu1.inside("ls")   # a command there, past ssh
        gpu1.path("/mnt/home/x").read_text()

A host shares this machine's programs and files, but not /mnt, /run (with /var/lock), /dev/shm, the
home folder (/mnt/home on each) and what is named as `hidden`. It has no way to any other network.
"""

from __future__ import annotations

import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.hosts import rig_clock
from tests.nvml import FakeDriver

HOME = "/mnt/home"
PATIENCE = 20.0  # seconds until a host has to be there
_INIT = Path(__file__).with_name("host_init.py")
_NAMESPACES = ("--net", "--uts", "--pid", "--mount", "--ipc")
_TOOLS = ("ip", "unshare", "nsenter", "ssh", "ssh-keygen", "mount")


def lacks() -> str:
    """Why there can be no hosts on this machine; empty when there can."""
    if sys.platform != "linux" or os.geteuid():
        return "hosts of the rig need Linux and root"
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing or not _sshd():
        return f"hosts of the rig need {', '.join(missing or ['sshd'])}: .ci/run installs them"
    argv = ["unshare", *_NAMESPACES, "--fork", "true"]
    refused = subprocess.run(argv, capture_output=True, text=True)
    return f"no namespaces: {refused.stderr.strip()}" if refused.returncode else ""


def _sshd() -> str:
    """sshd, which wants to be called by its whole path."""
    return shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin") or ""


class Rig:
    """A bridge, the keys of a client, and hosts. `ssh_config` is for `ssh -F`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ssh_config = folder / "ssh_config"
        self.known_hosts = folder / "known_hosts"
        self.key = folder / "client_key"
        self.hosts: dict[str, RigHost] = {}
        self.mark = secrets.token_hex(3)
        self.bridge = f"swb{self.mark}"
        self.subnet = ""

    def __enter__(self) -> Rig:
        self.folder.mkdir(parents=True, exist_ok=True)
        _make_key(self.key)
        self.known_hosts.touch()
        _sh("ip", "link", "add", self.bridge, "type", "bridge")
        self._take_subnet()
        _sh("ip", "link", "set", self.bridge, "up")
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.hosts.values():
            host.kill()
        _sh("ip", "link", "del", self.bridge)

    @property
    def here(self) -> str:
        """The address of the driver's machine, as hosts see it."""
        return f"{self.subnet}.1"

    def add(
        self, name: str, *, gpus: int = 0, disk: str = "", hidden: Sequence[Path] = ()
    ) -> RigHost:
        """A host that runs. `disk`: the size of its home, such as 64m; `hidden`: folders of this
        machine that it does not see."""
        host = RigHost(self, name, len(self.hosts) + 2, disk=disk, hidden=hidden)
        self.hosts[name] = host
        host.prepare(gpus)
        self._write_client_side()
        host.start()
        return host

    def _take_subnet(self) -> None:
        """A subnet of the range for benchmarks that nobody on this machine uses."""
        for _ in range(20):
            self.subnet = f"198.{random.choice((18, 19))}.{random.randrange(256)}"
            if self.subnet not in _ask("ip", "-4", "address"):
                _sh("ip", "address", "add", f"{self.here}/24", "dev", self.bridge)
                return
        raise AssertionError("no free subnet")

    def _write_client_side(self) -> None:
        blocks = [host.client_block() for host in self.hosts.values()]
        self.ssh_config.write_text("\n".join(blocks))
        known = [f"{host.address} {host.public_key()}" for host in self.hosts.values()]
        self.known_hosts.write_text("\n".join(known) + "\n")


class RigHost:
    """One host. `address` is its IP, `pid` its first process as seen from here (0: it is off)."""

    def __init__(
        self, rig: Rig, name: str, number: int, *, disk: str, hidden: Sequence[Path]
    ) -> None:
        self.rig = rig
        self.name = name
        self.address = f"{rig.subnet}.{number}"
        self.folder = rig.folder / name
        self.home = self.folder / "home"
        self.pid = 0
        self.boot_id = ""
        self._cable = f"sw{rig.mark}n{number}"
        self._hardware = ":".join(["02", *re.findall("..", rig.mark), "00", f"{number:02x}"])
        self._disk = disk
        self._hidden = [str(path) for path in hidden]
        self._process: subprocess.Popen[str] | None = None
        self._environment: dict[str, str] = {}

    def prepare(self, gpus: int) -> None:
        """Its home, its keys, its sshd and its fake GPUs; nothing runs yet."""
        ssh = self.home / ".ssh"
        ssh.mkdir(parents=True, mode=0o700)
        self.home.chmod(0o700)
        _make_key(self.folder / "host_key")
        public = self.rig.key.with_suffix(".pub").read_text()
        (self.folder / "authorized_keys").write_text(public)
        (self.folder / "authorized_keys").chmod(0o600)
        (self.folder / "passwd").write_text(_passwd_with_home(HOME))
        (self.folder / "resolv.conf").write_text("nameserver 192.0.2.1\n")  # dead: RFC 5737
        (self.folder / "sshd_config").write_text(self._server_side())
        (self.folder / "environment").touch()
        self.set_environment(TMPDIR="/run")
        self.set_gpus(gpus)

    def set_gpus(self, many: int) -> None:
        """Let it have so many GPUs of 24 GiB (0: no NVIDIA driver, unless it had one before)."""
        if not many:
            return
        places = self.folder / "nvml"
        places.mkdir(exist_ok=True)
        fake = FakeDriver.make(places)
        lines = [f"gpu mem=24576 uuid={_uuid_of_gpu(self.name, n)}" for n in range(many)]
        fake.configure(*lines)
        self.set_environment(**fake.environment)

    def set_environment(self, **variables: str) -> None:
        """Give every ssh session from now on these variables, beside those it has."""
        self._environment.update(variables)
        lines = [f"{name}={value}\n" for name, value in self._environment.items()]
        place = self.folder / "environment"
        place.write_text("".join(lines))
        place.chmod(0o600)

    def set_clock(self, seconds: int) -> bool:
        """Let sessions from now on see a clock that is so far off; False without a compiler."""
        return rig_clock.set_clock(self, seconds)

    def start(self) -> None:
        """Switch it on: a new boot, with the files that it had."""
        assert not self.pid, f"{self.name} runs"
        self.boot_id = str(uuid.uuid4())
        (self.folder / "boot_id").write_text(f"{self.boot_id}\n")
        (self.folder / "host.json").write_text(json.dumps(self._told()))
        self._process = _unshare(self.folder)
        self._expect("ready")
        self.pid = _only_child(self._process.pid)
        self._join_cable()
        self._write_line()
        self._expect("up")
        wait_for(self._answers, f"sshd of {self.name}")

    def kill(self) -> None:
        """Switch it off, as a power cut does: every process of it is gone when this returns."""
        if self._process is None:
            return
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()
        _quietly("ip", "link", "del", self._cable)
        self._process = None
        self.pid = 0

    def cut(self) -> None:
        """Pull the cable; nobody is told."""
        _sh("ip", "link", "set", self._cable, "down")

    def mend(self) -> None:
        """Join the cable again."""
        _sh("ip", "link", "set", self._cable, "up")

    def inside(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command on the host, past ssh, in its home folder."""
        enter = ["nsenter", "--target", str(self.pid), *_NAMESPACES, "--"]
        at_home = ["env", "-C", HOME, *argv]
        variables = {**os.environ, "HOME": HOME, **self._environment}
        done = subprocess.run([*enter, *at_home], env=variables, capture_output=True, text=True)
        assert not (check and done.returncode), f"{argv} on {self.name}: {done.stderr}"
        return done

    def path(self, there: str) -> Path:
        """A file of the host, by its path there, as long as it runs."""
        return Path(f"/proc/{self.pid}/root") / there.lstrip("/")

    def processes(self) -> list[int]:
        """The PIDs, as seen from here, of all that runs on it."""
        return [pid for pid in _all_pids() if _namespace(pid) == _namespace(self.pid)]

    def public_key(self) -> str:
        """What a known_hosts file says of it, after its address."""
        return (self.folder / "host_key.pub").read_text().rpartition(" ")[0]

    def change_host_key(self) -> None:
        """Give it another identity from its next start on; clients know the old one."""
        for name in ("host_key", "host_key.pub"):
            (self.folder / name).unlink()
        _make_key(self.folder / "host_key")

    def client_block(self) -> str:
        """Its lines in the client's ssh_config."""
        options = {
            "HostName": self.address,
            "User": "root",
            "IdentityFile": f'"{self.rig.key}"',
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": f'"{self.rig.known_hosts}"',
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
        }
        return f"Host {self.name}\n{_lines(options, indent='  ')}"

    def _server_side(self) -> str:
        options = {
            "ListenAddress": self.address,
            "HostKey": f'"{self.folder / "host_key"}"',
            "AuthorizedKeysFile": f'"{self.folder / "authorized_keys"}"',
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "prohibit-password",
            "PermitUserEnvironment": "yes",
            "PrintMotd": "no",
            "UseDNS": "no",
            "Subsystem": "sftp internal-sftp",
        }
        return _lines(options)

    def _told(self) -> dict[str, object]:
        """What host_init.py is told."""
        files = {
            "boot_id": "/proc/sys/kernel/random/boot_id",
            "passwd": "/etc/passwd",
            "resolv.conf": "/etc/resolv.conf",
        }
        if not self._disk:
            (self.home / ".ssh" / "environment").touch()
            files["environment"] = f"{HOME}/.ssh/environment"
        return {
            "name": self.name,
            "address": self.address,
            "cable": f"{self._cable}h",
            "sshd": _sshd(),
            "disk": self._disk,
            "hidden": self._hidden,
            "files": files,
        }

    def _join_cable(self) -> None:
        """The host has the same hardware address in every boot, as a machine has: neighbours keep
        it for most of a minute."""
        far = f"{self._cable}h"
        peer = ("peer", "name", far, "address", self._hardware)
        _sh("ip", "link", "add", self._cable, "type", "veth", *peer)
        _sh("ip", "link", "set", far, "netns", str(self.pid))
        _sh("ip", "link", "set", self._cable, "master", self.rig.bridge)
        _sh("ip", "link", "set", self._cable, "up")

    def _write_line(self) -> None:
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def _expect(self, word: str) -> None:
        said = self._process.stdout.readline().strip()
        assert said == word, f"{self.name} does not start: {(self.folder / 'init.log').read_text()}"

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.address, 22), timeout=1.0) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


Hosts = Callable[[int], list[RigHost]]  # what the fixture `hosts` is


def wait_for(is_so: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Return as soon as something is so; fails when it is not within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s for {what}"
        time.sleep(0.02)


def _unshare(folder: Path) -> subprocess.Popen[str]:
    argv = ["unshare", *_NAMESPACES, "--fork", "--kill-child", "--propagation", "private"]
    first = [sys.executable, "-I", "-S", str(_INIT), str(folder)]
    with (folder / "init.log").open("ab") as log:
        return subprocess.Popen(
            [*argv, *first],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def _passwd_with_home(home: str) -> str:
    """This machine's accounts, root's home elsewhere."""
    lines = Path("/etc/passwd").read_text().splitlines()
    others = [line for line in lines if not line.startswith("root:")]
    return "\n".join([f"root:x:0:0:root:{home}:/bin/sh", *others]) + "\n"


def _lines(options: Mapping[str, str], indent: str = "") -> str:
    return "".join(f"{indent}{name} {value}\n" for name, value in options.items())


def _make_key(path: Path) -> None:
    _sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rig", "-f", str(path))


def _uuid_of_gpu(name: str, number: int) -> str:
    return f"GPU-{uuid.uuid5(uuid.NAMESPACE_DNS, f'{name}.{number}')}"


def _only_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def _sh(*argv: str) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert not done.returncode, f"{' '.join(argv)}: {done.stderr.strip()}"


def _quietly(*argv: str) -> None:
    subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True)


def _ask(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True).stdout
