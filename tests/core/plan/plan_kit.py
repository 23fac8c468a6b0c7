"""Jobs of commands or of a template, in one call."""

from sweeptree import plan
from sweeptree.model import Job, SweepSpec


def jobs(*commands: str, **more: object) -> tuple[Job, ...]:
    return plan.make_jobs(SweepSpec(exp_name="x", commands=commands, **more))  # type: ignore[arg-type]


def template(text: str, **more: object) -> tuple[Job, ...]:
    return plan.make_jobs(SweepSpec(exp_name="x", template=text, **more))  # type: ignore[arg-type]
