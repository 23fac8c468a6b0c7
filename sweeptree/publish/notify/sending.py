"""Sends a message by apprise, the library behind Prefect's own notifications.

Hides: that apprise writes addresses to its log, that it never says why something failed, and that a
far side which does not answer holds up nobody for long.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sweeptree.errors import UsageError
from sweeptree.publish.notify.notice import Notice, Occasion
from sweeptree.publish.notify.recipients import Recipients

if TYPE_CHECKING:
    from apprise import NotifyBase

MOST_SECONDS = 10.0
_KIND = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,19})://")
_TYPES = {
    Occasion.FINISHED: "success",
    Occasion.FAILED: "failure",
    Occasion.NEEDS_YOU: "warning",
}


def check(recipients: Recipients) -> None:
    """Raise UsageError for an address that no message can be sent to; it is not shown."""
    if not recipients:
        return
    bad = [url for url in recipients.urls if _service(url) is None]
    if bad:
        raise UsageError(
            f"{recipients.source}: {_kind(bad[0])} cannot be used to notify anybody",
            hint="the forms of addresses: docs/notifications.md",
        )


def send(notice: Notice, recipients: Recipients, *, seconds: float = MOST_SECONDS) -> list[str]:
    """Send the message to all who want to be told of such; wait for them `seconds` at most.

    Returns a line for each that did not get it, without the address.
    """
    if notice.occasion not in recipients.on:
        return []
    try:
        sendings = [_Sending(url, _service(url), notice) for url in recipients.urls]
        _run_all(sendings, seconds)
    except Exception as error:  # whatever it is, the run has ended as it has
        return [f"nobody was notified: {type(error).__name__}"]
    late = f"no answer within {seconds:.0f} s"
    troubles = {one.url: one.trouble or late for one in sendings if not one.is_done}
    return [f"{_kind(url)} was not notified: {trouble}" for url, trouble in troubles.items()]


@dataclass(slots=True)
class _Sending:
    """One message on its way; only its own thread writes how it went."""

    url: str = field(repr=False)
    service: NotifyBase | None
    notice: Notice
    is_done: bool = False
    trouble: str = ""

    def run(self) -> None:
        """Send it."""
        try:
            if self.service is None:
                self.trouble = "the address cannot be used"
            elif _was_sent(self.service, self.notice):
                self.is_done = True
            else:
                self.trouble = "the far side did not take it"
        except Exception as error:  # its text may hold the address
            self.trouble = type(error).__name__


def _run_all(sendings: list[_Sending], seconds: float) -> None:
    """Each in a thread that does not keep the process alive."""
    deadline = time.monotonic() + seconds
    threads = [threading.Thread(target=one.run, daemon=True) for one in sendings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _service(url: str) -> NotifyBase | None:
    """What sends to this address. Not in a thread with a deadline: it loads all of apprise."""
    import apprise

    _silence()
    asset = apprise.AppriseAsset(
        app_id="sweeptree",
        app_desc="sweeptree",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        allow_templates=False,
    )
    return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _was_sent(service: NotifyBase, notice: Notice) -> bool:
    return bool(
        service.notify(
            title=notice.title,
            body=notice.text,
            notify_type=_TYPES[notice.occasion],
            body_format="text",
        )
    )


def _kind(url: str) -> str:
    """What an address may be called in public: its scheme."""
    found = _KIND.match(url)
    return f"{found[1]}://…" if found else "an address"


def _silence() -> None:
    """Nothing of apprise reaches a log from now on, also what comes late: it holds addresses."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
