"""What a lane is told at its start: the sweep, the host, and the spec as it holds there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from sweeptree.hosts.values import check_host_name, check_sweep_id
from sweeptree.model import SweepSpec
from sweeptree.model.fields import Border
from sweeptree.records import SweepPaths

SweepId = Annotated[str, AfterValidator(check_sweep_id)]
HostName = Annotated[str, AfterValidator(check_host_name)]


class Beside(Border):
    """What worktrees on a host get beside the commit, and the variables that jobs need for it."""

    source: Path = Path()
    links: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    environ: dict[str, str] = Field(default_factory=dict)


class LaneOrder(Border):
    """One host's share of a sweep."""

    sweep: SweepId = Field(description="The id of the sweep, with which jobs are leased.")
    host: HostName = Field(description="The host as the driver calls it; its lane's id too.")
    spec: SweepSpec = Field(description="The sweep as it is to be run on this host.")
    beside: Beside = Field(
        default_factory=Beside, description="What its worktrees get beside the commit."
    )
    subfolder: str = Field(
        default=".", description="The folder of the worktree that commands start in."
    )
    wants_content: bool = Field(
        default=False,
        description="Keep what a successful job changed as a commit, for the driver to deliver.",
    )

    @property
    def folder(self) -> Path:
        """The lane's folder on its host."""
        return self._results.parent

    @property
    def paths(self) -> SweepPaths:
        """The lane's results on its host."""
        return SweepPaths(self._results / self.spec.exp_name)

    @property
    def _results(self) -> Path:
        return self.spec.results_dir or Path()


def lane_folder(home: Path, sweep: str) -> Path:
    """The folder of a sweep's lane below the home of its host."""
    return home / "lanes" / check_sweep_id(sweep)


def spec_for_lane(spec: SweepSpec, *, cache: Path, commit: str, folder: Path) -> SweepSpec:
    """The spec of a prepared sweep, as a lane runs it.

    Its code is `commit` in the bare repository `cache`; its results go below `folder`, the lane's.
    What follows a command (tries again, fixes, pull requests) and what ends a sweep is the
    driver's.
    """
    return spec.model_copy(
        update={
            "repo": cache,
            "base": commit,
            "results_dir": folder / "results",
            "use_worktree": True,
            "dirty": "ignore",
            "dated": False,
            "only": (),
            "hosts": (),
            "links": None,
            "retries": 0,
            "on_fail": "continue",
            "stop_after_same": 0,
            "time_limit": None,
            **_UNDELIVERED,
        }
    )


_UNDELIVERED = {
    "auto_fix_before_pr": False,
    "commit_and_pr": False,
    "commit_and_pr_best": False,
    "pr_artifacts": (),
    "post_pr_labels": (),
    "post_pr_reviewers": (),
}
