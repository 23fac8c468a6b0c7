"""A repository's own hooks and monitors stay quiet."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sweeptree.system.quiet_git import OPTIONS


def test_no_hook_and_no_monitor_runs(repo: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    hook = repo / ".git" / "hooks" / "post-checkout"
    hook.symlink_to(program)
    subprocess.run(["git", "config", "core.fsmonitor", str(program)], cwd=repo, check=True)
    for words in (["checkout", "-q", "--detach"], ["status"]):
        subprocess.run(["git", *OPTIONS, *words], cwd=repo, check=True, capture_output=True)
    assert not (tmp_path / "ran").exists()
