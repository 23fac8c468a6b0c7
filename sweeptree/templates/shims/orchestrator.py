#!/usr/bin/env python3
"""The orchestrator's command line, handed to `sweeptree run`. Standard library only.

Pull requests are only planned unless --commit_and_pr_no_dry is given; that is how this script has
always behaved. `sweeptree run` itself opens them with --commit_and_pr alone.
"""

import os
import shutil
import sys
from pathlib import Path

PLANNED = "pull requests are not opened: add --commit_and_pr_no_dry for that"


def main() -> None:
    words = sys.argv[1:]
    command = find_sweeptree()
    if command is None:
        sys.exit("sweeptree is not found: activate the environment that it is installed in")
    os.execv(command, [command, "run", *translated(words)])


def find_sweeptree() -> "str | None":
    """The command of this environment, else the one that `sweeptree init` was called as."""
    noted = Path(__file__).resolve().parents[2] / ".sweeptree" / "command"
    named = noted.read_text().strip() if noted.is_file() else None
    return shutil.which("sweeptree") or (named if named and os.access(named, os.X_OK) else None)


def translated(words: "list[str]") -> "list[str]":
    """The words as `sweeptree run` takes them."""
    given = {word.replace("-", "_").lstrip("_").split("=")[0] for word in words}
    kept = [word for word in words if spelt(word) != "commit_and_pr_no_dry"]
    if "commit_and_pr" in given and "commit_and_pr_no_dry" not in given:
        print(PLANNED, file=sys.stderr)
        kept = [word for word in kept if spelt(word) != "commit_and_pr"]
    if "parallel" not in given:
        kept += ["--parallel", "1"]
    return kept


def spelt(word: str) -> "str | None":
    """The option's name with underscores; None for what is no option."""
    return word.replace("-", "_").lstrip("_") if word.startswith("--") else None


if __name__ == "__main__":
    main()
