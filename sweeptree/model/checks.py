"""What may be the name of a sweep, a command, a metric, a device: a check for each.

Each returns what it was given, or raises ValueError with a sentence. Standard library only.
"""

from __future__ import annotations

import re

METRIC = r"^[^:\s]+(:(max|min))?$"
HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
EXP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_exp_name(name: str) -> str:
    """Return the name, or raise ValueError: it becomes the name of a folder and of a ref."""
    if not EXP_NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
        raise ValueError(
            "a sweep's name is 1 to 64 letters, digits, '.', '_' or '-', "
            "begins with a letter or digit, holds no '..' and does not end in '.' or '.lock'"
        )
    return name


def check_command(command: str) -> str:
    """Return the command, or raise ValueError: a command is a line of text that a shell can run."""
    if not command.strip():
        raise ValueError("a command is empty")
    if "\0" in command:
        raise ValueError("a command holds a NUL byte")
    return command


def check_metric(text: str) -> str:
    """Return the text, or raise ValueError: `name`, `name:max` or `name:min`."""
    if not re.fullmatch(METRIC, text):
        raise ValueError("write the name of a metric, or name:max or name:min")
    return text


def check_metric_regex(pattern: str) -> str:
    """Return the pattern, or raise ValueError: it is a regular expression with a group."""
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"this is no regular expression: {error}") from error
    if groups == 0:
        raise ValueError("put what is the number into brackets, as in 'val_auc → (\\S+)'")
    return pattern


def check_device_name(name: str) -> str:
    """Return the name, or raise ValueError: an index or a UUID, with ^ in front to leave it out."""
    bare = name.removeprefix("^")
    if not (bare.isascii() and bare.isdecimal()) and not bare.startswith(("GPU-", "MIG-")):
        raise ValueError(
            "a GPU is named by its index (0) or its UUID (GPU-...), with ^ in front to leave it out"
        )
    return name


def check_host_choice(name: str) -> str:
    """Return the text, or raise ValueError: the name of a host, or `all`."""
    if not HOST_NAME.fullmatch(name):
        raise ValueError(
            "a host is named by 1 to 63 letters, digits, '.', '_' or '-', "
            "as sweeptree hosts list shows it"
        )
    return name
