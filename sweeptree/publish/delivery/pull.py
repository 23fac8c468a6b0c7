"""The pull request of a delivery: what it is to say, and what was really done about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sweeptree.publish import forge
from sweeptree.publish.delivery.body import Evidence, render
from sweeptree.publish.delivery.order import Order
from sweeptree.publish.delivery.source import Source
from sweeptree.publish.delivery.values import Delivered, DeliveryResult
from sweeptree.publish.forge import Ensured, Wanted
from sweeptree.repository import leaks
from sweeptree.repository.differences import FileChange

_MAX_TITLE = 250
_SHOWN_FILES = 30
_STEP_BEGINS = {"created": "open a ", "labelled": "add the labels", "reviewers asked": "ask "}


def wanted_pull(order: Order, base: str) -> Wanted:
    """The pull request as it should be. Secrets are taken out of its texts."""
    source, options, secrets = order.source, order.options, order.limits.known
    evidence = options.evidence or Evidence(commit=source.head[:12], facts=_file_facts(source))
    left_out = [str(item) for item in source.left_out]
    text = render(evidence, note=options.note or "", left_out=left_out)
    return Wanted(
        branch=order.branch,
        base=base,
        title=leaks.redact(source.title, secrets)[:_MAX_TITLE],
        block=forge.make_block(leaks.redact(text, secrets)),
        owner=order.target.owner,
        is_draft=options.is_draft,
        labels=options.labels,
        reviewers=options.reviewers,
    )


def _file_facts(source: Source) -> tuple[tuple[str, str], ...]:
    shown = [("file", _file_fact(file)) for file in source.files[:_SHOWN_FILES]]
    more = len(source.files) - _SHOWN_FILES
    if more > 0:
        shown.append(("files", f"and {more} more"))
    return tuple(shown)


def _file_fact(file: FileChange) -> str:
    if file.added is None:
        return f"{file.path} (binary)"
    return f"{file.path} +{file.added} -{file.removed}"


def with_pull(planned: Delivered, ensured: Ensured, *, is_pushed: bool) -> Delivered:
    """What was really done, in the words of the plan."""
    return replace(
        planned,
        state=_state(ensured, is_pushed=is_pushed),
        pull=ensured.pull,
        steps=tuple(_done_steps(planned, ensured, is_pushed=is_pushed)),
        warnings=(*planned.warnings, *ensured.warnings),
    )


def _state(ensured: Ensured, *, is_pushed: bool) -> DeliveryResult:
    if "created" in ensured.did:
        return DeliveryResult.OPENED
    if ensured.did or is_pushed:
        return DeliveryResult.UPDATED
    return DeliveryResult.UNCHANGED


def _done_steps(planned: Delivered, ensured: Ensured, *, is_pushed: bool) -> Iterator[str]:
    if is_pushed:
        yield from planned.steps[:2]

    begins = tuple(_STEP_BEGINS[did] for did in ensured.did if did in _STEP_BEGINS)
    for step in planned.steps[2:]:
        if begins and step.startswith(begins):
            yield step

    if "updated" in ensured.did:
        yield f"update the body of pull request {ensured.pull.number}"
