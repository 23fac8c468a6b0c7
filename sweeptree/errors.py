"""What sweeptree raises. A failing training command is never an exception: it is an `Outcome`.

    SweeptreeError        exit code 1: something of ours went wrong; the text says what to do next
    ├── UsageError        exit code 2: the user's input is wrong; raised before any side effect
    ├── Refused           exit code 3: the input is fine, the situation is not (dirty tree, name
    │                     taken, no space, read-only); nothing was started
    ├── GitError          a git command failed; carries the argv and git's own words
    │   ├── WorktreeGone  the job's worktree was removed or replaced by somebody else
    │   └── PushError     exit code 4: the remote did not take a branch, or cannot be reached;
    │                     carries `kind`
    ├── ForgeError        exit code 4: the code host refused or cannot be reached; carries `kind`
    ├── HostError     exit code 4: a host cannot be reached, or a command of ours failed there;
    │                     carries `host` and `kind`
    ├── RecordError       a record is missing, unreadable or not what it should be; carries the path
    └── ServerError       the managed Prefect server cannot be started or reached

Every message has three parts: what failed, why, and the next command. `hint` is the third part.
"""

from collections.abc import Sequence


class SweeptreeError(Exception):
    """Base of all errors that a user may see. `hint` is the next thing to do, one line each."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint: tuple[str, ...] = (hint,) if isinstance(hint, str) else tuple(hint)


class UsageError(SweeptreeError):
    """The input is wrong. Nothing was changed."""

    exit_code = 2


class Refused(SweeptreeError):  # noqa: N818 - the word users read
    """The input is right, but it would not be safe to go on. Nothing was started."""

    exit_code = 3


class GitError(SweeptreeError):
    """A git command failed. `argv` is the command, `stderr` git's own words (token-free)."""

    def __init__(
        self,
        message: str,
        *,
        argv: Sequence[str] = (),
        stderr: str = "",
        hint: str | Sequence[str] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.argv = tuple(argv)
        self.stderr = stderr


class WorktreeGone(GitError):  # noqa: N818 - says what is the case
    """The worktree of a job was removed or replaced under it."""


class PushError(GitError):
    """The remote did not take a branch. `kind`: auth, moved, refused, rate-limit or network."""

    exit_code = 4

    def __init__(
        self, message: str, *, kind: str, stderr: str = "", hint: str | Sequence[str] = ()
    ) -> None:
        super().__init__(message, stderr=stderr, hint=hint)
        self.kind = kind


class ForgeError(SweeptreeError):
    """The code host refused or could not be reached.

    `kind` is one word for it, `status` the HTTP status or 0.
    """

    exit_code = 4

    def __init__(
        self, message: str, *, kind: str, status: int = 0, hint: str | Sequence[str] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.status = status


class HostError(SweeptreeError):
    """A host cannot be reached, or does not do what it should. `host` is its name.

    `kind` is one word: unreachable, auth, host-key, config, timeout, lost, forwarding, command or
    lane.
    """

    exit_code = 4

    def __init__(
        self, message: str, *, host: str, kind: str, hint: str | Sequence[str] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.host = host
        self.kind = kind


class RecordError(SweeptreeError):
    """A record cannot be used. `path` says which."""

    def __init__(self, message: str, *, path: str = "", hint: str | Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.path = path


class ServerError(SweeptreeError):
    """The managed Prefect server could not be started, reached or stopped."""
