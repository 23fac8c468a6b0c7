"""Errors that say nothing of what was asked for, only that this process or machine lacks something
for a while: file handles, memory, processes, room on the disk."""

from __future__ import annotations

import errno

_HANDLES = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))
_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS))
_PROCESSES = frozenset((errno.EAGAIN,))


def lacks_handles(error: BaseException | None) -> bool:
    """Whether a file could not be opened for want of handles, so that nothing is known of it."""
    return isinstance(error, OSError) and error.errno in _HANDLES


def is_passing(error: BaseException) -> bool:
    """Whether the same may work once there is more of what lacks."""
    return isinstance(error, OSError) and error.errno in _HANDLES | _ROOM | _PROCESSES
