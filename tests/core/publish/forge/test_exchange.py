"""Refusals become errors for people; a write whose answer was lost is looked after first."""

from pathlib import Path

import pytest

from core.publish.kit import Said, Scripted
from sweeptree.errors import ForgeError
from sweeptree.publish.forge.exchange import Exchange, Write, never

LABEL = Write("POST", "/issues/1/labels", "labelling", {"labels": ["x"]})


def test_a_refused_read_says_what_was_to_be_done(forge: Scripted, tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match=r"reading pull request 9: there is no such thing"):
        Exchange(forge.client(tmp_path)).read("/pulls/9", "reading pull request 9")


def test_a_write_that_happened_is_not_done_again(forge: Scripted, tmp_path: Path) -> None:
    forge.says("POST /issues/1/labels", Said(502))
    Exchange(forge.client(tmp_path)).write(LABEL, lambda: True)
    assert len(forge.log) == 1


def test_a_write_that_did_not_happen_is_tried_again(forge: Scripted, tmp_path: Path) -> None:
    forge.says("POST /issues/1/labels", Said(502), Said(200, []))
    Exchange(forge.client(tmp_path)).write(LABEL, never)
    assert len(forge.log) == 2


def test_tries_end(forge: Scripted, tmp_path: Path) -> None:
    forge.says("POST /issues/1/labels", Said(502))
    with pytest.raises(ForgeError) as failed:
        Exchange(forge.client(tmp_path)).write(LABEL, never)
    assert (failed.value.kind, len(forge.log)) == ("network", 3)
