"""No cheat is accepted, and every honest fix is."""

from pathlib import Path

import pytest

from core.publish.checks.cheats import FLAGGED, REFUSED
from core.publish.checks.fixes import HONEST
from core.publish.checks.gate_kit import Patch, verdict_on


@pytest.fixture(autouse=True)
def _lean_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugins of our own environment are slow to load and not the project's."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.mark.slow
@pytest.mark.parametrize("patch", REFUSED.values(), ids=REFUSED)
def test_a_cheat_is_refused(patch: Patch, tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path / "project", patch)
    assert not verdict.is_accepted, verdict
    assert verdict.reasons


@pytest.mark.slow
@pytest.mark.parametrize("patch", FLAGGED.values(), ids=FLAGGED)
def test_what_tests_cannot_tell_from_a_fix_goes_to_a_person(patch: Patch, tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path / "project", patch)
    assert not verdict.is_accepted or verdict.flags


@pytest.mark.slow
@pytest.mark.parametrize("patch", HONEST.values(), ids=HONEST)
def test_an_honest_fix_is_accepted(patch: Patch, tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path / "project", patch)
    assert verdict.is_accepted, verdict.reasons
    assert verdict.flags == ()
