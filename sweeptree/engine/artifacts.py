"""What a sweep shows in the Prefect UI beside its graph: a leaderboard, a summary, a progress bar.

One table and one page of text, not an artifact per job: twenty link cards push the leaderboard off
the screen.
"""

from __future__ import annotations

import re
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

MAX_ROWS = 200


def artifact_key(what: str, exp_name: str) -> str:
    """A key that Prefect takes: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", f"{what}-{exp_name}".lower()).strip("-")


def publish_leaderboard(exp_name: str, rows: list[dict[str, Any]]) -> UUID:
    """The ranked configs as a table artifact."""
    table = rows[:MAX_ROWS] or [{"config": "no config has finished yet"}]
    made = create_table_artifact(
        table=table,
        key=artifact_key("leaderboard", exp_name),
        description=f"Leaderboard of {exp_name}",
    )
    return cast(UUID, made)  # in a plain thread Prefect's call is synchronous


def publish_summary(exp_name: str, markdown: str) -> UUID:
    """The summary of a sweep as a markdown artifact, with what leads to its other views."""
    made = create_markdown_artifact(
        markdown=f"{_ways_on(exp_name)}\n\n{markdown}",
        key=artifact_key("summary", exp_name),
        description=f"Summary of {exp_name}",
    )
    return cast(UUID, made)


def _ways_on(exp_name: str) -> str:
    """Links and commands for them: from here a browser opens no file."""
    leaderboard = f"/artifacts/key/{artifact_key('leaderboard', exp_name)}"
    return f"[Leaderboard]({leaderboard}) · report: `sweeptree report {exp_name} --open`"


def publish_page(key: str, markdown: str) -> UUID:
    """A page of text under a key of its own (an agent's report)."""
    return cast(UUID, create_markdown_artifact(markdown=markdown, key=artifact_key(key, "report")))


def publish_table(key: str, what: str, rows: list[dict[str, Any]]) -> UUID | None:
    """Rows as a table artifact; without rows none is made."""
    if not rows:
        return None
    words = f"{key.replace('-', ' ')} of {what}"
    made = create_table_artifact(
        table=rows[:MAX_ROWS], key=artifact_key(key, "report"), description=words
    )
    return cast(UUID, made)


def start_progress(exp_name: str) -> UUID:
    """A progress artifact that stands at 0 %."""
    made = create_progress_artifact(
        progress=0.0,
        key=artifact_key("progress", exp_name),
        description=f"{exp_name}: no job has finished yet",
    )
    return cast(UUID, made)


def move_progress(artifact: UUID, finished: int, total: int, failed: int) -> None:
    """Move the progress artifact."""
    update_progress_artifact(
        artifact_id=artifact,
        progress=round(100.0 * finished / max(1, total), 1),
        description=f"{finished} of {total} jobs finished, {failed} failed",
    )
