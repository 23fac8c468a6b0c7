"""What a host may look like."""

from sweeptree.hosts.setting_up.probe import Environment, Facts, Python

FACTS = Facts(
    home="/home/ada/.sweeptree",
    hostname="gpu2",
    boot_id="b",
    clock_ahead=0.1,
    machine="x86_64",
    glibc="2.36",
    cpus=8,
    disk_free=50 * 1024**3,
    writable=True,
    git="2.39.5",
    rsync=True,
    pythons=(
        Python("/usr/bin/python3", "3.9.2", True),
        Python("/usr/bin/python3.11", "3.11.2", True),
        Python("/usr/local/bin/python3.12", "3.12.10", True),
        Python("/opt/python3.12", "3.12.9", True),
    ),
    nvidia=(),
    lingering="",
    environments=(),
)


def environment(digest: str, version: str, now: str = "3.12.10") -> Environment:
    """An environment made with Python 3.12.10."""
    return Environment(digest, version, "3.12.10", now)
