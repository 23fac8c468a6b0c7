"""The process's edge: every exception becomes a few plain lines on stderr and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweeptree.errors import Refused, SweeptreeError, UsageError

_KEPT_TRACEBACKS = 20
_SHOWN_LENGTH = 300


def take_debug(argv: Sequence[str]) -> tuple[list[str], bool]:
    """The words without a `--debug` before any `--`, and whether tracebacks are wanted."""
    words = list(argv)
    end = words.index("--") if "--" in words else len(words)
    options = [word for word in words[:end] if word != "--debug"]
    is_set = os.environ.get("SWEEPTREE_DEBUG", "") not in ("", "0")
    return [*options, *words[end:]], is_set or len(options) < end


def complain(message: str, hints: Iterable[str] = ()) -> None:
    """Say on stderr what went wrong and what to do next."""
    lines = [f"sweeptree: {message}", *(f"  {hint}" for hint in hints)]
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write("\n".join(lines).encode(errors="replace").decode() + "\n")
        sys.stderr.flush()


def guarded(call: Callable[[], int], *, argv: Sequence[str], debug: bool) -> int:
    """Run a command and return its exit code; whatever it raises is put in plain words."""
    try:
        code = call()
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        complain("interrupted")
        return _interrupted()
    except SweeptreeError as error:
        complain(error.message, error.hint)
        return error.exit_code
    except Exception as error:  # the edge of the process: nothing may end in a bare traceback
        return _unexpected(error, argv, debug)
    return code


def _interrupted() -> int:
    from sweeptree.model import ExitCode  # not before: `--help` does without the models

    return ExitCode.INTERRUPTED


def _reader_gone() -> int:
    """The reader of our output (head, less) has left: that is no error."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _unexpected(error: Exception, argv: Sequence[str], debug: bool) -> int:
    if getattr(error, "title", None) == "Settings":  # pydantic's, without paying for its import
        return _bad_setting(error)
    if _is_about_here(error) and not _here_exists():
        complain("the folder that you are in no longer exists", ("cd to one that does",))
        return Refused.exit_code
    text = "".join(traceback.format_exception(error))
    what = f"{type(error).__name__}: {error}".splitlines()[0][:_SHOWN_LENGTH]
    if debug:
        complain(f"unexpected error: {what}\n{text}")
    else:
        complain(f"unexpected error: {what}", _traceback_hints(text, argv))
    return SweeptreeError.exit_code


def _is_about_here(error: Exception) -> bool:
    """Whether this is what Path.cwd() raises in a folder that was removed."""
    return isinstance(error, FileNotFoundError) and error.filename is None


def _traceback_hints(text: str, argv: Sequence[str]) -> tuple[str, ...]:
    try:
        place = _keep(text, argv)
    except OSError as problem:
        return (f"the traceback could not be kept ({problem.strerror}): try --debug",)
    return (f"the traceback is in {place}", "the same command with --debug shows it")


def _here_exists() -> bool:
    try:
        return Path.cwd().is_dir()
    except OSError:
        return False


def _bad_setting(error: Any) -> int:
    """A SWEEPTREE_* variable has a value that cannot be: the user's mistake, not ours."""
    first = error.errors()[0]
    name = f"SWEEPTREE_{'_'.join(str(part) for part in first['loc']).upper()}"
    complain(
        f"{name}={first.get('input')!s:.100} cannot be used: {first['msg']}",
        (f"set {name} anew, or unset it",),
    )
    return UsageError.exit_code


def _keep(text: str, argv: Sequence[str]) -> Path:
    """Write a traceback below the state home, readable by its owner only; the oldest ones go."""
    home = os.environ.get("SWEEPTREE_HOME") or _state_home()
    folder = Path(home) / "tracebacks"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = datetime.now(UTC)
    path = folder / f"{now:%Y%m%dT%H%M%S.%f}-{os.getpid()}.txt"
    verb = argv[0] if argv else ""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "w", errors="replace") as stream:
        stream.write(f"sweeptree {verb}\n{now.isoformat()}\n\n{text}")
    for old in sorted(folder.glob("*.txt"))[:-_KEPT_TRACEBACKS]:
        old.unlink(missing_ok=True)
    return path


def _state_home() -> Path:
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "sweeptree"
