"""What a delivery is asked to do, and what it did."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from sweeptree.publish.delivery import Context, Delivered, DeliveryResult
from sweeptree.settings import Settings


def test_a_context_never_shows_a_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path))
    context = Context.of(Settings(), {"GH_TOKEN": "hidden99"})
    assert context.environ["GH_TOKEN"] == "hidden99" and "hidden99" not in repr(context)


def test_states_are_words_in_documents() -> None:
    done = Delivered(DeliveryResult.NO_CHANGE, "wider")
    assert json.loads(json.dumps(asdict(done)))["state"] == "no-change"
