"""Lock files: taken, asked for and given back; also those that all users of a machine share.

Hides flock and what it says on a file system that keeps no locks, and the traps of a folder that
everybody may write: planted links and pipes, the umask, the file that is seen before its mode is
right, and Linux' fs.protected_regular. Files are handles (int), so that the keeper, which imports
this without site-packages, pays for os, stat, time and fcntl only. What raises OSError gives it a
`strerror` that a user can read.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time

from sweeptree.system.lacks import lacks_handles

# NONBLOCK: a planted pipe must not make us wait
OPEN_SAFELY = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
MAX_NOTE_BYTES = 65536
EXCLUSIVE, SHARED = fcntl.LOCK_EX, fcntl.LOCK_SH
_LOOK_SECONDS = 5.0  # nobody who only looks at a lock needs longer
_LOOK_PAUSE = 0.005
_NO_LOCKS = frozenset((errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP))


def take(
    path: str | os.PathLike[str],
    *,
    mode: int = 0o644,
    patience: float | None = 0.0,
    pause: float = 0.005,
) -> int:
    """Open a lock file of our own, made if need be, and lock it; closing it gives the lock back.

    `patience`: how many seconds to go on trying, every `pause` seconds; None waits without end.
    Raises BlockingIOError when somebody else holds it (who only looks at it for a moment, SHARED,
    is waited for in any case), and OSError when it cannot be opened or locked.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | OPEN_SAFELY, mode)
    try:
        if not _obtain(file, patience, pause):
            raise BlockingIOError(errno.EWOULDBLOCK, "another process holds it")
    except BaseException:
        os.close(file)
        raise
    return file


def hold(
    path: str | os.PathLike[str],
    *,
    mode: int = 0o644,
    patience: float | None = 0.0,
    pause: float = 0.005,
) -> Held:
    """`take` for a `with` block: it yields the locked handle and closes it at the end."""
    return Held(take(path, mode=mode, patience=patience, pause=pause))


class Held:
    """An open handle, locked or not, that is closed when its `with` block ends."""

    __slots__ = ("_file",)

    def __init__(self, file: int) -> None:
        self._file = file

    def __enter__(self) -> int:
        return self._file

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def lock(file: int, how: int = EXCLUSIVE) -> bool:
    """Try to lock the file, without waiting."""
    return _flock(file, how | fcntl.LOCK_NB)


def lock_or_refuse(file: int, path: str | os.PathLike[str]) -> bool:
    """Lock the file at this path, unless somebody else holds it; who only looks is waited for.

    Where its file system keeps no locks, the file is closed, and Refused is raised.
    """
    try:
        return _obtain(file, 0.0, _LOOK_PAUSE)
    except OSError as error:
        os.close(file)
        raise _refused(path, error) from error


def is_held(path: str | os.PathLike[str]) -> bool:
    """Whether a living process holds the lock on a file now. Changes nothing.

    True also where a lack of file handles leaves that unknown: who asks must not take the holder
    for dead.
    """
    try:
        file = os.open(path, os.O_RDONLY | OPEN_SAFELY)
    except OSError as error:
        return lacks_handles(error)
    try:
        return not lock(file, SHARED)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        os.close(file)


def _obtain(file: int, patience: float | None, pause: float) -> bool:
    if patience is None:
        return _flock(file, EXCLUSIVE)
    began = time.monotonic()
    while not lock(file):
        waited = time.monotonic() - began
        is_looked_at = waited < _LOOK_SECONDS and _is_only_looked_at(file)
        if waited >= patience and not is_looked_at:
            return False
        time.sleep(pause)
    return True


def _is_only_looked_at(file: int) -> bool:
    """Whether those who have it lock it SHARED, as `is_held` does: nobody holds it then."""
    if not lock(file, SHARED):
        return False
    unlock(file)
    return True


def _flock(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise OSError(error.errno, "its file system keeps no locks (flock)") from error
    return True


def _refused(path: str | os.PathLike[str], error: OSError) -> Exception:
    from sweeptree.errors import Refused  # only here, for the keeper's sake

    hint = (
        "put it on a file system with locks (results: --results_dir)",
        "Lustre keeps locks when it is mounted with -o flock",
    )
    return Refused(f"{os.fspath(path)} cannot be locked: {error.strerror}", hint=hint)


def unlock(file: int) -> None:
    """Give the lock back at once, also when a forked child has inherited the file."""
    fcntl.flock(file, fcntl.LOCK_UN)


def open_existing(path: str) -> int | None:
    """Open a folder to look into it; None when it cannot be."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | OPEN_SAFELY)
    except OSError:
        return None


def open_folder(path: str, parent: int | None = None) -> int:
    """Open a folder that is safe to share, made with mode 01777 if it is not there."""
    made = True
    try:
        os.mkdir(path, 0o1777, dir_fd=parent)
    except FileExistsError:
        made = False
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | OPEN_SAFELY, dir_fd=parent)
    if made:
        os.fchmod(folder, 0o1777)  # the umask has taken bits away
    info = os.fstat(folder)
    if _is_open_to_all(info):
        os.close(folder)
        raise _untrusted(path, info, "others could replace the locks in it; chmod 1777 it")
    return folder


def distrust(path: str) -> str | None:
    """Why a folder of locks cannot be shared, as `open_folder` will find; None when it can.

    Changes nothing; a folder that is not there can be made.
    """
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{path}: {error.strerror}"
    if not stat.S_ISDIR(info.st_mode):
        return f"{path} is not a folder"
    if _is_open_to_all(info):
        return _in_words(path, info, "others could replace the locks in it")
    if not os.access(path, os.W_OK | os.X_OK):
        return _in_words(path, info, "it cannot be written")
    return None


def _is_open_to_all(info: os.stat_result) -> bool:
    """Whether others may remove what is ours there: writable by them, and not sticky."""
    return bool(info.st_mode & 0o022) and not info.st_mode & stat.S_ISVTX


def open_file(folder: int, name: str, *, make: bool = True) -> int:
    """Open a lock file that all users share, made if it is not there and `make` is true."""
    try:
        # Without O_CREAT: fs.protected_regular forbids it for a stranger's file in a sticky folder.
        file = os.open(name, os.O_RDWR | OPEN_SAFELY, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
        _make_file(folder, name)
        file = os.open(name, os.O_RDWR | OPEN_SAFELY, dir_fd=folder)
    except OSError as error:
        raise OSError(error.errno, f"{name}: {error.strerror}") from error
    info = os.fstat(file)
    # A file that everybody may write anyway: so a link to a file of ours, planted here, is not
    # written to.
    if stat.S_ISREG(info.st_mode) and info.st_mode & 0o666 == 0o666:
        return file
    os.close(file)
    raise _untrusted(name, info, "it is not a lock file of sweeptree; remove it")


def _make_file(folder: int, name: str) -> None:
    """Make the file with its mode in one step for others, who may be making it too."""
    aside = f".{name}.{os.urandom(6).hex()}"
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | OPEN_SAFELY, 0o666, dir_fd=folder)
    try:
        os.fchmod(file, 0o666)  # the umask has taken bits away
        os.utime(file, (0, 0))  # what is changed later was in use
        os.link(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError:
        pass
    finally:
        os.unlink(aside, dir_fd=folder)
        os.close(file)


def remove(folder: int, name: str) -> None:
    """Remove a file; one that is gone or a stranger's is left as it is."""
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:  # for example a stranger's: the folder is sticky
        return


def write(file: int, note: bytes, offset: int = 0) -> None:
    """Let the file end with `note`. It is for people: a full disk must not cost anybody a slot."""
    try:
        os.pwrite(file, note, offset)
        os.ftruncate(file, offset + len(note))
    except OSError:
        return


def open_note(folder: int, name: str) -> int | None:
    """Open a file to read it; None when it cannot be."""
    try:
        return os.open(name, os.O_RDONLY | OPEN_SAFELY, dir_fd=folder)
    except OSError:
        return None


def living_note(folder: int, name: str) -> bytes | None:
    """What a file holds while somebody has it locked, else None."""
    file = open_note(folder, name)
    if file is None:
        return None
    with Held(file):
        return None if lock(file, SHARED) else os.pread(file, MAX_NOTE_BYTES, 0)


def _untrusted(name: str, info: os.stat_result, why: str) -> OSError:
    return OSError(0, _in_words(name, info, why))


def _in_words(name: str, info: os.stat_result, why: str) -> str:
    return f"{name} (mode {stat.S_IMODE(info.st_mode):04o}, owner {info.st_uid}): {why}"
