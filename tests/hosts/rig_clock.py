"""A wall clock of its own for a host of the rig, which it shares with this machine otherwise.

Every program that starts on the host from then on is given another time of day by a library of
some lines, which /etc/ld.so.preload names: also those that are started without any environment, as
keepers are. The clocks that nobody sets, by which programs wait, stay as they are; so do the times
of files.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.hosts.rig import RigHost

_SOURCE = """
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += (AHEAD);
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec real;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &real);
    now->tv_sec = real.tv_sec;
    now->tv_usec = real.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    if (now)
        *now = real.tv_sec;
    return real.tv_sec;
}
"""
_PRELOAD = """
test -d /mnt/etc || { cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc; }
echo "$1" > /etc/ld.so.preload
"""


def set_clock(host: RigHost, seconds: int) -> bool:
    """Let all that starts on a host from now on see a clock that is so far off, until it is
    switched off; False without a C compiler."""
    if shutil.which("cc") is None:
        return False
    library = _built(host.folder, seconds)
    host.inside("sh", "-ec", _PRELOAD, "sh", str(library))
    return True


def _built(folder: Path, seconds: int) -> Path:
    library = folder / f"clock{seconds:+d}.so"
    argv = ["cc", "-shared", "-fPIC", f"-DAHEAD={seconds}", "-x", "c", "-", "-o", str(library)]
    subprocess.run(argv, input=_SOURCE, text=True, check=True)
    return library
