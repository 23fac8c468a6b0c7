"""`sweeptree label`: labels and reviewers for a pull request (the legacy auto_review_agent)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from sweeptree.cli.options import FLAG
from sweeptree.cli.screens.terminal import printable, write_out
from sweeptree.errors import UsageError
from sweeptree.model import ExitCode
from sweeptree.model.text import parse_words


def label(
    pull_request: str,
    /,
    *,
    labels: str | None = None,
    reviewers: str | None = None,
    repo: str | None = None,
    remote: str = "origin",
    dry_run: Annotated[bool, FLAG] = False,
) -> int:
    """Add labels to a pull request and ask for reviewers; what it has already stays as it is.

    Parameters
    ----------
    pull_request
        Its number or URL.
    labels
        Labels, separated by commas.
    reviewers
        Reviewers, separated by commas.
    repo
        OWNER/REPO of the pull request; default: the remote's.
    remote
        Name of the remote.
    dry_run
        Show what would be done, and ask nobody.
    """
    from sweeptree.publish.delivery import Context, Options, label_pull
    from sweeptree.publish.merging import pull_number
    from sweeptree.repository import find_repository
    from sweeptree.settings import Settings

    number = pull_number(pull_request)
    if number is None:
        raise UsageError(f"{pull_request} is no pull request", hint="give its number or its URL")
    options = Options(
        repo=repo,
        remote=remote,
        labels=parse_words(labels) if labels else (),
        reviewers=parse_words(reviewers) if reviewers else (),
        dry_run=dry_run,
    )
    if not options.labels and not options.reviewers:
        raise UsageError("nothing was asked for", hint="add --labels a,b or --reviewers x,y")
    top = find_repository(Path.cwd()).start
    done = label_pull(top, number, options, Context.of(Settings(), os.environ))
    for line in done or ("nothing was missing",):
        write_out(f"{printable(line)}\n")
    return ExitCode.OK
