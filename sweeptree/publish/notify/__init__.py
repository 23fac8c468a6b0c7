"""Tells people how a run came out: by chat, mail or whatever apprise reaches.

Hides: apprise; that an address is a secret, which leaves this process only towards its far side
(no record, log, child or text holds it); and that a message which cannot be sent is a warning.
"""

from sweeptree.publish.notify.argv import without_addresses
from sweeptree.publish.notify.notice import Notice, Occasion, notice_of
from sweeptree.publish.notify.recipients import (
    VARIABLE,
    Recipients,
    from_section,
    take_from_environment,
)
from sweeptree.publish.notify.sending import check, send

__all__ = [
    "VARIABLE",
    "Notice",
    "Occasion",
    "Recipients",
    "check",
    "from_section",
    "notice_of",
    "send",
    "take_from_environment",
    "without_addresses",
]
