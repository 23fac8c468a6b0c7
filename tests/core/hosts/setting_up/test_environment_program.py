"""The program that makes environments, as a process on this machine."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from sweeptree.hosts.setting_up import environment_program

FAKE_PACKAGES = {
    "prefect/__init__.py": b"",
    "prefect/engine.py": b"",
    "prefect/flows.py": b"",
    "bin/tool": b"#!/bin/sh\n",
}
FAKE_SWEEPTREE = {
    "sweeptree/__init__.py": b"",
    "sweeptree/flows/__init__.py": b"",
    "sweeptree/flows/sweep.py": b"",
    "sweeptree/cli/__init__.py": b"",
    "sweeptree/cli/app.py": b"",
}
NOTE = '{"version": "0.1.0"}'


def archive(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o755 if name.startswith("bin/") else 0o644
            tar.addfile(member, io.BytesIO(data))
    return target.getvalue()


def call(data: bytes, *words: object) -> "subprocess.CompletedProcess[str]":
    text = Path(environment_program.__file__).read_text()
    argv = [sys.executable, "-I", "-S", "-c", text, *map(str, words)]
    done = subprocess.run(argv, input=data, capture_output=True)
    return subprocess.CompletedProcess(argv, done.returncode, "", done.stderr.decode())


def unpacked(home: Path, data: bytes, digest: str = "") -> "subprocess.CompletedProcess[str]":
    return call(data, "packages", home, "p", digest or hashlib.sha256(data).hexdigest())


def test_packages_are_unpacked_once(tmp_path: Path) -> None:
    assert unpacked(tmp_path, archive(FAKE_PACKAGES)).returncode == 0
    tool = tmp_path / "packages" / "p" / "bin" / "tool"
    assert tool.stat().st_mode & 0o777 == 0o755
    tool.unlink()
    assert unpacked(tmp_path, archive(FAKE_PACKAGES)).returncode == 0
    assert not tool.exists()


@pytest.mark.parametrize("size", [0, 10, 100])
def test_what_arrives_in_part_is_refused_whole(tmp_path: Path, size: int) -> None:
    whole = archive(FAKE_PACKAGES)
    done = unpacked(tmp_path, whole[:size], hashlib.sha256(whole).hexdigest())
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert list((tmp_path / "packages").iterdir()) == []


def test_what_was_changed_on_the_way_is_refused(tmp_path: Path) -> None:
    done = unpacked(tmp_path, archive(FAKE_PACKAGES), "0" * 64)
    assert "not what was sent" in done.stderr
    assert list((tmp_path / "packages").iterdir()) == []


def test_nothing_leads_out_of_the_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    outside = {"../../../out": b"", str(tmp_path / "out"): b"", "in": b""}
    assert unpacked(home, archive(outside)).returncode == 0
    assert not (tmp_path / "out").exists()
    assert [path.name for path in (home / "packages" / "p").iterdir()] == ["in"]


def test_an_environment_has_the_packages_and_its_note(tmp_path: Path) -> None:
    unpacked(tmp_path, archive(FAKE_PACKAGES))
    words = ("environment", tmp_path, "e", "p", NOTE)
    assert call(archive(FAKE_SWEEPTREE), *words).stderr == ""
    made = tmp_path / "env" / "e"
    note = json.loads((made / "made.json").read_text())
    assert note == {"version": "0.1.0", "digest": "e"}
    ask = "import prefect, sweeptree; print(prefect.__file__, sweeptree.__file__)"
    said = subprocess.run([made / "bin/python", "-P", "-c", ask], capture_output=True, text=True)
    prefect, ours = said.stdout.split()
    assert prefect.startswith(f"{tmp_path}/packages/p/")
    assert ours.startswith(f"{made}/lib/")
    before = made.stat().st_ino
    call(archive(FAKE_SWEEPTREE), *words)
    assert made.stat().st_ino == before


def test_an_environment_that_does_not_start_is_not_left_there(tmp_path: Path) -> None:
    unpacked(tmp_path, archive({}))
    done = call(archive(FAKE_SWEEPTREE), "environment", tmp_path, "e", "p", NOTE)
    assert "No module named 'prefect'" in done.stderr
    assert list((tmp_path / "env").iterdir()) == []
