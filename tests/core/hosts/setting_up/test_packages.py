"""The packages of the lock for a host's Python; fetching them is tested in tests/hosts."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.hosts.setting_up.kit import FACTS
from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.setting_up.packages import Platform, packages_archive, platform_of

PYTHON = FACTS.pythons[2]


@pytest.mark.parametrize(
    ("machine", "glibc", "found"),
    [
        ("x86_64", "2.36", "x86_64-manylinux_2_36"),
        ("x86_64", "2.99", "x86_64-manylinux_2_40"),
        ("aarch64", "2.30", "aarch64-manylinux_2_28"),
        ("arm64", "2.17", "aarch64-manylinux_2_17"),
    ],
)
def test_the_platform_of_a_host(machine: str, glibc: str, found: str) -> None:
    facts = replace(FACTS, machine=machine, glibc=glibc)
    assert platform_of("gpu2", facts, PYTHON) == Platform(found, "3.12")


@pytest.mark.parametrize(
    ("machine", "glibc"), [("riscv64", "2.36"), ("x86_64", ""), ("x86_64", "2.12")]
)
def test_a_machine_without_wheels(machine: str, glibc: str) -> None:
    with pytest.raises(Refused, match="no wheels are made for"):
        platform_of("gpu2", replace(FACTS, machine=machine, glibc=glibc), PYTHON)


def test_the_digest_tells_platforms_apart() -> None:
    one, two = Platform("x86_64-manylinux_2_36", "3.12"), Platform("x86_64-manylinux_2_36", "3.11")
    assert len({one.digest, two.digest, one.digest}) == 2


def test_what_was_fetched_before_is_used(tmp_path: Path) -> None:
    platform = Platform("x86_64-manylinux_2_36", "3.12")
    (tmp_path / f"{platform.digest}.tar.gz").write_bytes(b"kept")
    assert packages_archive(platform, tmp_path).read_bytes() == b"kept"


def test_uv_is_asked_and_its_words_are_told_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text("#!/bin/sh\necho $* >&2; echo https://me:secret@index/simple: 404 >&2; exit 1\n")
    uv.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(uv.with_name("python")))
    with pytest.raises(SweeptreeError) as caught:
        packages_archive(Platform("x86_64-manylinux_2_36", "3.12"), tmp_path / "kept")
    for word in ("--require-hashes", "--only-binary=:all:", "--python-version=3.12", "404"):
        assert word in caught.value.message
    assert "secret" not in caught.value.message
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["lock"]


def test_a_machine_without_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="made ready by uv"):
        packages_archive(Platform("x86_64-manylinux_2_36", "3.12"), tmp_path / "kept")
