"""A forge that says what the test tells it to."""

from collections.abc import Iterator

import pytest

from core.publish.kit import Scripted, scripted


@pytest.fixture
def forge() -> Iterator[Scripted]:
    """See Scripted."""
    with scripted() as running:
        yield running
