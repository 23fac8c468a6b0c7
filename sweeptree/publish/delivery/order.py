"""One delivery as it was asked for: what goes where, and the steps that this takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweeptree.publish.delivery.source import Source
from sweeptree.publish.delivery.target import Target, guard_limits
from sweeptree.publish.delivery.values import Delivered, DeliveryResult, Options
from sweeptree.repository.guards import Limits
from sweeptree.repository.remotes import Remote


@dataclass(frozen=True, slots=True)
class Order:
    """A source, the branch that gets it, and where that goes."""

    source: Source
    branch: str
    target: Target
    options: Options

    @property
    def top(self) -> Path:
        """The worktree that git is asked in."""
        return self.source.top

    @property
    def remote(self) -> Remote:
        """The remote of a delivery that pushes."""
        assert self.target.remote is not None
        return self.target.remote

    @property
    def limits(self) -> Limits:
        """What may leave this machine."""
        return guard_limits(self.options, self.target)

    @property
    def pushes(self) -> bool:
        """True when the branch leaves this machine."""
        if self.target.remote is None or not self.options.push:
            return False
        return self.target.forge is not None or not self.options.needs_forge

    @property
    def opens_pull(self) -> bool:
        """True when a pull request is looked for, opened and kept up to date."""
        return self.target.forge is not None and self.options.open_pr

    def planned(self) -> Delivered:
        """The delivery before anything was done, with all of its steps."""
        return Delivered(
            DeliveryResult.PLANNED,
            self.branch,
            base=self.target.base,
            steps=self._steps(),
            files=self.source.files,
            left_out=self.source.left_out,
            warnings=self.source.warnings,
            hints=self.target.hints,
        )

    def _steps(self) -> tuple[str, ...]:
        """The steps to a place that knows nothing of it; a repeated one does what is missing."""
        steps = [self.source.summary]
        if self.pushes:
            steps.append(f"push {self.branch} to {self.remote.url}")
            steps += self._pull_steps()
        return tuple(steps)

    def _pull_steps(self) -> list[str]:
        options, target = self.options, self.target
        if target.forge is None or not options.open_pr:
            return []
        kind = "draft pull request" if options.is_draft else "pull request"
        base = target.base or "its default branch"
        steps = [f"open a {kind} in {target.forge.name}, to {base}"]
        if options.labels:
            steps.append(f"add the labels {', '.join(options.labels)}")
        if options.reviewers:
            steps.append(f"ask {', '.join(options.reviewers)} to review")
        return steps
