"""What every spec is: frozen, strict, and with fields that are checked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sweeptree.model.fields import Border, ExpName, HostChoice


class Wish(Border):
    """A spec of a test."""

    name: ExpName
    hosts: tuple[HostChoice, ...] = ()


def test_a_misspelt_field_is_an_error() -> None:
    with pytest.raises(ValidationError, match="nmae"):
        Wish.model_validate({"name": "a", "nmae": "b"})


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Wish(name="a").name = "b"  # type: ignore[misc]


def test_a_host_that_ssh_would_take_for_an_option_is_no_host() -> None:
    with pytest.raises(ValidationError, match="a host is named by"):
        Wish(name="a", hosts=("-F/etc/passwd",))


def test_forms_show_a_field_under_its_own_name() -> None:
    assert Wish.model_json_schema()["properties"]["hosts"]["title"] == "hosts"
