"""The protocol of a code host is what GitHub gives."""

import inspect

import pytest

from sweeptree.publish.forge.base import Forge
from sweeptree.publish.forge.pulls import GitHub

METHODS = [name for name, _ in inspect.getmembers(Forge, inspect.isfunction) if name[0] != "_"]


@pytest.mark.parametrize("name", METHODS)
def test_github_has_each_method_as_the_protocol_says(name: str) -> None:
    wanted, found = (inspect.signature(getattr(kind, name)) for kind in (Forge, GitHub))
    assert list(found.parameters) == list(wanted.parameters)
