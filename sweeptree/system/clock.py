"""The time as it is written down: UTC, ISO 8601. Standard library only."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> str:
    """The time now in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat()


def parse_time(text: object) -> datetime | None:
    """An ISO time, else None; one without a zone, as in legacy records, is taken for UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
