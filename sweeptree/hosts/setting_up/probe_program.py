"""Looks at the machine that it runs on and prints what it found, as one JSON document.

python3 -I -S - HOME < THIS_TEXT: any Python 3.6 or newer, standard library only. HOME is where
sweeptree's files are; a leading ~ is the account's home folder. Changes nothing.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("python3.13", "python3.12", "python3.11", "python3")
PLACES = (".local/bin", "/usr/local/bin", "/usr/bin")
OF_UV = ".local/share/uv/python"
ASK_PYTHON = (
    "import importlib.util as u, sys;"
    "print('%d.%d.%d' % sys.version_info[:3], int(u.find_spec('venv') is not None))"
)
PATIENCE = 20.0  # seconds


def main(told: str) -> None:
    """Print the document."""
    home = Path.cwd() / Path(told).expanduser()
    found = {
        "home": str(home),
        "hostname": platform.node(),
        "boot_id": read(Path("/proc/sys/kernel/random/boot_id")),
        "time": time.time(),
        "machine": platform.machine(),
        "libc": list(platform.libc_ver()),
        "cpus": len(os.sched_getaffinity(0)),
        "disk_free": disk_free(home),
        "writable": is_writable(home),
        "git": version_of_git(),
        "rsync": shutil.which("rsync") is not None,
        "pythons": list(pythons()),
        "nvidia": said("nvidia-smi", "-L").splitlines(),
        "lingering": lingering(),
        "environments": list(environments(home)),
    }
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def pythons() -> "Iterator[dict[str, object]]":
    """Every Python 3 that can be found, each once: path, version, whether it can make a venv."""
    seen = set()
    for path in candidates():
        real = path.resolve()
        if real in seen:
            continue
        seen.add(real)
        words = said(str(path), "-I", "-S", "-c", ASK_PYTHON).split()
        if len(words) == 2:
            yield {"path": str(path), "version": words[0], "venv": words[1] == "1"}


def candidates() -> "Iterator[Path]":
    """Where a Python may be."""
    account = Path("~").expanduser()
    folders = [Path(place) for place in os.environ.get("PATH", "").split(":") if place]
    folders += [account / place for place in PLACES]
    folders += sorted(account.glob(OF_UV + "/*/bin"))
    for name in NAMES:
        for folder in folders:
            if os.access(str(folder / name), os.X_OK):
                yield folder / name


def environments(home: Path) -> "Iterator[dict[str, object]]":
    """The environments that sweeptree made here, and the Python that each has now."""
    for note in sorted(home.glob("env/*/made.json")):
        try:
            made = json.loads(note.read_text())
        except (OSError, ValueError):
            continue
        words = said(str(note.parent / "bin" / "python"), "-I", "-c", ASK_PYTHON).split()
        made["python_now"] = words[0] if words else ""
        yield made


def version_of_git() -> str:
    """As in 2.39.5; empty where there is none."""
    words = said("git", "--version").split()
    return words[2] if len(words) > 2 else ""


def lingering() -> str:
    """yes or no: services of the account outlive its sessions; empty without systemd."""
    if not Path("/run/systemd/system").is_dir():
        return ""
    answer = said("loginctl", "show-user", str(os.getuid()), "--property=Linger")
    return "yes" if answer.strip() == "Linger=yes" else "no"


def disk_free(path: Path) -> int:
    """Bytes that this account may still write where `path` is, or will be."""
    found = os.statvfs(str(existing(path)))
    return found.f_bavail * found.f_frsize


def is_writable(path: Path) -> bool:
    """Whether `path` can be written, or made."""
    return os.access(str(existing(path)), os.W_OK | os.X_OK)


def existing(path: Path) -> Path:
    """The path itself, or what there is of the folders above it."""
    while not path.exists():
        path = path.parent
    return path


def read(path: Path) -> str:
    """A small file; empty where there is none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def said(*argv: str) -> str:
    """The output of a command; empty where it fails or there is none."""
    try:
        out = subprocess.check_output(
            argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return out.decode("utf-8", "replace")


if __name__ == "__main__":
    main(sys.argv[1])
