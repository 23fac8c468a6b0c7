"""What the environment may set."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sweeptree.settings import Settings


def test_every_field_has_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path))
    monkeypatch.setenv("SWEEPTREE_SERVER_PORT", "5000")
    monkeypatch.setenv("SWEEPTREE_LOG_CAP", "1024")
    settings = Settings()
    assert (settings.home, settings.server_port, settings.log_cap) == (tmp_path, 5000, 1024)


def test_the_home_follows_the_users_state_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SWEEPTREE_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert Settings().home == tmp_path / "sweeptree"


@pytest.mark.parametrize(
    ("name", "value"),
    [("SERVER_PORT", "70000"), ("LOG_CAP", "-1"), ("GITHUB_URL", "https://token@host")],
)
def test_a_value_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SWEEPTREE_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().log_cap = 1  # type: ignore[misc]
