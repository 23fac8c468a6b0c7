"""Hosts that cannot be used: refused in the plan with the next command, and nothing half begun.
And a host whose tunnel dies, or that is to be removed, while jobs run there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from field import (
    Field,
    check_complete,
    check_shown,
    kill,
    made_field,
    once,
    succeeded,
)
from rig import RigHost, lacks

from sweeptree import __version__

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """Two hosts for all tests of this module."""
    with made_field(tmp_path_factory.mktemp("field"), lacks()) as field:
        yield field


@pytest.fixture
def other(field: Field) -> Iterator[RigHost]:
    """The second host, which is whole again after the test."""
    found = field.hosts[1]
    yield found
    if found.pid:
        found.mend()
    else:
        found.start()


def refused(field: Field, name: str) -> str:
    """What a run says that is refused; by then nothing has begun anywhere."""
    done = field.run(name)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not field.paths(name).root.exists()
    assert field.lives(name) == []
    assert not any(list((host.home / ".sweeptree/lanes").glob(f"{name}-*")) for host in field.hosts)
    return done.stderr


def _sessions(host: RigHost) -> list[int]:
    """The processes by which sshd serves connections."""
    names = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in host.processes()}
    return [pid for pid, name in names.items() if b"@notty" in name]


def environment_of(field: Field, host: RigHost) -> Path:
    """What `hosts add` made on a host."""
    entries = json.loads(field.call("hosts", "list", "--json").stdout)["hosts"]
    (digest,) = [each["digest"] for each in entries if each["host"]["name"] == host.name]
    return host.home / ".sweeptree/env" / digest


def edit(path: Path, old: str, new: str) -> str:
    """Replace a text in a file; what the file was."""
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new))
    return before


def test_another_version_there_is_refused_with_both(field: Field, other: RigHost) -> None:
    note = environment_of(field, other) / "made.json"
    before = note.read_text()
    note.write_text(json.dumps({**json.loads(before), "version": "0.0.9"}))
    try:
        said = refused(field, "version")
    finally:
        note.write_text(before)
    assert f"gpu2 has sweeptree 0.0.9, and this machine {__version__}" in said
    assert "sweeptree hosts check gpu2 --mend" in said


def test_a_python_that_is_gone_is_refused(field: Field, other: RigHost) -> None:
    environment = environment_of(field, other)
    aside = environment.rename(other.home / "aside")
    try:
        said = refused(field, "python")
    finally:
        aside.rename(environment)
    assert "gpu2 has lost its environment" in said
    assert "sweeptree hosts check gpu2 --mend" in said


def test_a_key_that_a_host_does_not_take_is_refused(field: Field, other: RigHost) -> None:
    keys = other.folder / "authorized_keys"
    before = edit(keys, "ssh-ed25519", "# ssh-ed25519")
    try:
        said = refused(field, "key")
    finally:
        keys.write_text(before)
    assert "gpu2 does not take your key" in said
    assert "gpu2 must work without a password: ssh-copy-id" in said


def test_a_host_that_cannot_be_reached_is_refused(field: Field, other: RigHost) -> None:
    other.kill()
    said = refused(field, "away")
    assert "gpu2 cannot be reached" in said


def test_a_tunnel_and_a_connection_that_die(field: Field, other: RigHost) -> None:
    with field.held("tunnel") as driver:
        field.await_running("tunnel", 4)
        for pid in _sessions(other):
            kill(pid)
        field.let_go("tunnel")
        succeeded(driver)
    assert field.times("tunnel") == once(4)
    check_complete(field, "tunnel")
    check_shown(field, "tunnel")


def test_a_host_is_not_removed_while_it_runs_jobs(field: Field, other: RigHost) -> None:
    with field.held("removed") as driver:
        field.await_running("removed", 4)
        done = field.call("hosts", "remove", other.name)
        field.let_go("removed")
        succeeded(driver)
    assert done.returncode == 3
    assert "gpu2 runs jobs of removed" in done.stderr
    assert "sweeptree cancel removed" in done.stderr
    check_complete(field, "removed")
    check_shown(field, "removed")
