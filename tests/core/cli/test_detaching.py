"""A sweep in the background: the command returns once it is driven, or says why it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.sweep.kit import make_spec
from sweeptree.cli.detaching import detach
from sweeptree.errors import SweeptreeError
from sweeptree.publish.notify import Recipients
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import prepare


def test_a_sweep_that_cannot_begin_says_so_with_its_last_words(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepare(make_spec(repo, "true"), Settings())
    (repo / "train.py").write_text("changed = True\n")  # what was clean in the plan is not now
    monkeypatch.chdir(repo)
    with pytest.raises(SweeptreeError, match="the sweep ended before it began") as raised:
        detach(prepared, Recipients(), resume=False)
    assert "train.py" in raised.value.message
    assert raised.value.hint == (f"read {prepared.paths.state / 'run.log'}",)
