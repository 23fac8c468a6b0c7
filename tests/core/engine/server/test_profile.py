"""The Prefect profile `sweeptree` in files that users have, whole and broken."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sweeptree.engine.server.config import Server, access
from sweeptree.engine.server.profile import (
    is_in_use,
    profiles_path,
    read_profiles,
    refresh_profile,
    write_profile,
)
from sweeptree.engine.server.token import make_token, replace_token
from sweeptree.errors import Refused

DEFAULTS = {
    "ephemeral": {"PREFECT_SERVER_EPHEMERAL_ENABLED": "true"},
    "local": {"PREFECT_API_URL": "http://127.0.0.1:4200/api"},
}
OWN = """# mine
active = "work"   # the one for work

[profiles.work]
PREFECT_API_URL = "https://prefect.example/api"

[profiles.sweeptree]
PREFECT_API_URL = "http://old"

[profiles.last]
PREFECT_LOGGING_LEVEL = "DEBUG"
"""


def server_at(home: Path, port: int = 4210) -> Server:
    home.mkdir(exist_ok=True)
    make_token(home)
    ui = f"http://127.0.0.1:{port}"
    return Server(f"{ui}/api", ui, 1, port, home, "3", port)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return server_at(tmp_path / "home")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prefect" / "profiles.toml"


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_new_file_is_the_owners_alone_and_names_the_server(path: Path, server: Server) -> None:
    write_profile(read_profiles(path), server, activate=True)
    assert path.stat().st_mode & 0o777 == 0o600
    found = tomllib.loads(path.read_text())
    assert found == {"active": "sweeptree", "profiles": {"sweeptree": access(server)}}


def test_all_else_stays_byte_for_byte(path: Path, server: Server) -> None:
    put(path, OWN).chmod(0o644)
    write_profile(read_profiles(path), server, activate=False)
    kept = OWN.replace('[profiles.sweeptree]\nPREFECT_API_URL = "http://old"\n\n', "")
    assert path.read_text().startswith(kept)
    assert read_profiles(path).settings["sweeptree"] == access(server)
    assert (read_profiles(path).active, path.stat().st_mode & 0o777) == ("work", 0o600)


def test_it_becomes_the_active_one_when_told(path: Path, server: Server) -> None:
    put(path, 'active = "local"\n[profiles.local]\nPREFECT_API_URL = "http://127.0.0.1:4200/api"\n')
    write_profile(read_profiles(path), server, activate=True)
    assert read_profiles(path).active == "sweeptree"
    assert set(read_profiles(path).settings) == {"local", "sweeptree"}


def test_a_file_behind_a_link_is_written_and_the_link_stays(path: Path, server: Server) -> None:
    target = put(path.with_name("dotfiles.toml"), OWN)
    path.symlink_to(target)
    write_profile(read_profiles(path), server, activate=False)
    assert path.is_symlink() and "[profiles.last]" in target.read_text()


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("", False),
        ('[profiles.ephemeral]\nPREFECT_SERVER_EPHEMERAL_ENABLED = "true"', False),
        ('[profiles.local]\nPREFECT_API_URL = "http://127.0.0.1:4200/api"', False),
        ('[profiles.local]\nPREFECT_API_URL = "http://elsewhere/api"', True),
        ('[profiles.sweeptree]\nPREFECT_API_URL = "http://here/api"', False),
        (OWN, True),
    ],
)  # fmt: skip
def test_prefects_own_profiles_are_not_the_users(path: Path, text: str, own: bool) -> None:
    assert read_profiles(put(path, text)).has_own(DEFAULTS) is own


@pytest.mark.parametrize("text", ["active = ", "profiles = 3", "[profiles]\nwork = 1"])
def test_what_cannot_be_read_is_refused_and_stays(path: Path, text: str) -> None:
    put(path, text)
    with pytest.raises(Refused, match="profiles cannot be used") as caught:
        read_profiles(path)
    assert "sweeptree deploy" in caught.value.hint[1]
    assert path.read_text() == text


def test_a_form_that_cannot_be_added_to_is_refused_and_stays(path: Path, server: Server) -> None:
    text = 'profiles = {work = {PREFECT_LOGGING_LEVEL = "DEBUG"}}\n'
    found = read_profiles(put(path, text))
    with pytest.raises(Refused, match="cannot be put into it"):
        write_profile(found, server, activate=False)
    assert path.read_text() == text


def test_a_new_port_and_a_new_token_come_into_the_profile(path: Path, server: Server) -> None:
    write_profile(read_profiles(path), server, activate=True)
    replace_token(server.home)
    moved = server_at(server.home, 4211)
    refresh_profile(moved)
    assert read_profiles(path).settings["sweeptree"] == access(moved)


def test_the_profile_of_another_home_stays(path: Path, server: Server, tmp_path: Path) -> None:
    write_profile(read_profiles(path), server, activate=True)
    other = server_at(tmp_path / "other")
    write_profile(read_profiles(path), other, activate=True)
    refresh_profile(server_at(server.home, 4211))
    assert read_profiles(path).settings["sweeptree"] == access(other)


def test_a_profile_that_the_user_removed_is_not_made_again(path: Path, server: Server) -> None:
    write_profile(read_profiles(path), server, activate=True)
    path.unlink()
    refresh_profile(server_at(server.home, 4211))
    assert not path.exists()


def test_the_place_is_where_prefect_looks(tmp_path: Path) -> None:
    assert profiles_path({"PREFECT_HOME": str(tmp_path)}) == tmp_path / "profiles.toml"
    assert profiles_path({"PREFECT_PROFILES_PATH": str(tmp_path / "p")}) == tmp_path / "p"


def test_it_is_in_use_when_it_is_active_or_chosen(path: Path, server: Server) -> None:
    place = {"PREFECT_PROFILES_PATH": str(path)}
    assert not is_in_use(place)
    write_profile(read_profiles(path), server, activate=True)
    assert is_in_use(place) and not is_in_use({**place, "PREFECT_PROFILE": "work"})
