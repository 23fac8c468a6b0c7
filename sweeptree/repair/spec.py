"""What the CI Fixer is asked to do: the form of the agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from sweeptree.model.fields import Border, Command
from sweeptree.model.text import DURATION, WORDS


class CIFixSpec(Border):
    """What to repair, and how: the form of the CI Fixer."""

    repo: Path = Field(
        default=Path(),
        description="A folder inside the repository; its HEAD is tested. Default: where the run "
        "starts.",
    )
    worktree: Path | None = Field(
        default=None,
        description="A worktree that is tested as it stands, with what is uncommitted.",
    )
    pull_request: int | None = Field(
        default=None, ge=1, description="Number of a pull request whose head is tested."
    )
    test_command: Command | None = Field(
        default=None,
        description="How it is tested; default: test_command under [tool.sweeptree] in "
        "pyproject.toml, make test, pytest.",
    )
    timeout: Annotated[float, DURATION] = Field(
        default=1800.0, gt=0, description="Seconds after which a run of the tests is stopped."
    )
    apply_patch: bool = Field(
        default=False,
        description="Open a draft pull request with the patch; else only write the patch file.",
    )
    fixer_cmd: Command | None = Field(
        default=None,
        description="A command-line coding agent to ask; {prompt} is the path of its task.",
    )
    keep_env: Annotated[tuple[str, ...], WORDS] = Field(
        default=(),
        description="Environment variables that look like secrets but that the coding agent may "
        "see, separated by commas.",
    )
    model: str | None = Field(
        default=None,
        min_length=1,
        description="A language model to ask, as pydantic-ai names it: openai:gpt-5.",
    )
    budget: Annotated[float | None, DURATION] = Field(
        default=None,
        gt=0,
        description="Seconds for each rung of the ladder; default: 60 for those without a model, "
        "900 for an agent or a model.",
    )
    remote: str = Field(
        default="origin", min_length=1, description="Name of the remote that is pushed to."
    )
    allow_forks: bool = Field(
        default=False, description="Run the code of a pull request from a fork too."
    )

    @model_validator(mode="after")
    def _names_one_subject(self) -> CIFixSpec:
        if self.worktree is not None and self.pull_request is not None:
            raise ValueError("give a worktree or a pull request, not both")
        return self
