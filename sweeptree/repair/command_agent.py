"""The second rung: the user's own coding agent, any command. Only the worktree's diff is read.

The prompt is in a file: its path stands for `{prompt}` in the command and in $SWEEPTREE_PROMPT, and
its text comes on stdin.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.prompt import make_prompt
from sweeptree.repair.proposal import Budget, Proposal, RungName
from sweeptree.repair.sandbox import EMPTY, Place, agent_environment, find_sandbox, sandboxed
from sweeptree.repair.supervised import Ended, Line, run_line
from sweeptree.repository import Repository, worktree_patches
from sweeptree.repository.detached_git import detached_git
from sweeptree.system.scratch import scratch_folder

GROWTH = 256 * 1024**2  # bytes that an agent may leave in its worktree
_PLACEHOLDER = "{prompt}"


@dataclass(frozen=True, slots=True)
class CommandAgent:
    """The rung with the user's command. `keep_env`: the secrets that it may see; `state`: where
    sweeptree keeps its own."""

    repo: Repository
    commit: str
    command: str
    keep_env: tuple[str, ...]
    state: Path

    def propose(self, report: FailureReport, top: Path, budget: Budget) -> tuple[Proposal, ...]:
        """Run the agent once. Raises Refused when it changed what no patch can hold."""
        with scratch_folder("agent") as files:
            git = files / "git"
            with detached_git(self.repo, top, self.commit, git):
                place = Place(top, git, self.repo.common_dir / "objects", files, self._hidden())
                ended, how = self._run(report, place, budget)
        patch = worktree_patches.patch_of_files(top, self.commit)
        if not patch:
            raise Refused(_without_result(ended))
        remark = "" if ended.is_ok else f"; it ended badly: {ended.reason}"
        note = f"`{self.command}` {how}{remark}"
        return (Proposal(RungName.COMMAND, patch, note, ended.seconds),)

    def _hidden(self) -> tuple[Path, ...]:
        """The repository's remotes with their access, and what else it keeps for people only."""
        repo = self.repo
        return (self.state, repo.common_dir / "config", repo.top / ".env", repo.start / ".env")

    def _run(self, report: FailureReport, place: Place, budget: Budget) -> tuple[Ended, str]:
        prompt = place.files / "prompt.md"
        prompt.write_text(make_prompt(report), "utf-8")
        (place.files / EMPTY).touch()
        env = agent_environment(os.environ, self.keep_env)
        home = Path(env.get("HOME") or Path.home())
        command = self.command.replace(_PLACEHOLDER, shlex.quote(str(prompt)))
        bwrap = find_sandbox()
        line = Line(
            f"exec < {shlex.quote(str(prompt))}; {sandboxed(command, place, home, bwrap)}",
            place.top,
            {**env, "SWEEPTREE_PROMPT": str(prompt)},
            budget.left,
            growth=GROWTH,
        )
        how = "in a sandbox" if bwrap else "without a sandbox: there is no bubblewrap here"
        return run_line("repair:agent", line), how


def _without_result(ended: Ended) -> str:
    if ended.is_ok:
        return "it changed nothing"
    last = ended.tail.strip().splitlines()[-1:]
    return "; ".join([f"it changed nothing and ended badly: {ended.reason}", *last])
