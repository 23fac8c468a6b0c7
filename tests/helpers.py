"""What tests of several modules share: plain functions, no fixtures."""

import subprocess
from pathlib import Path


def git(*args: str | Path, cwd: Path, check: bool = True) -> str:
    """Run git with the hermetic environment of the test; its output, without the last newline."""
    result = subprocess.run(["git", *map(str, args)], cwd=cwd, capture_output=True, text=True)
    if check and result.returncode:
        raise AssertionError(f"git {args}: {result.stderr}")
    return result.stdout.removesuffix("\n")
