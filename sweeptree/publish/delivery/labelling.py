"""Labels and reviewers for a pull request that stands already."""

from __future__ import annotations

from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.model import PullState
from sweeptree.publish.delivery.target import find_target
from sweeptree.publish.delivery.values import Context, Options
from sweeptree.publish.forge import Ensured


def label_pull(top: Path, number: int, options: Options, context: Context) -> tuple[str, ...]:
    """Add the labels and ask the reviewers that a pull request lacks; returns what was done.

    A dry run asks nobody and says what it would do. Raises Refused for a pull request that is not
    open or where there is no forge, and ForgeError.
    """
    if options.dry_run:
        return tuple(_would(options))
    target = find_target(top, options, context)
    if target.forge is None:
        raise Refused("there is no forge to ask about pull requests", hint=target.hints)
    pull = target.forge.get(number)
    if pull.state is not PullState.OPEN:
        raise Refused(f"{pull.url} is {pull.state.value}", hint="name an open pull request")
    ensured = target.forge.add_labels_and_reviewers(
        Ensured(pull), options.labels, options.reviewers, is_new=False
    )
    return (*ensured.did, *ensured.warnings)


def _would(options: Options) -> list[str]:
    said = []
    if options.labels:
        said.append(f"would add the labels {', '.join(options.labels)}")
    if options.reviewers:
        said.append(f"would ask {', '.join(options.reviewers)} to review")
    return said
