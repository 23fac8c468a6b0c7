"""The unit for systemd, and the line for crontab."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sweeptree.engine.server.service import write_units


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(sys, "argv", ["/opt/my tools/sweeptree"])
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return tmp_path / "config"


def test_a_path_with_a_blank_and_a_percent_sign_is_one_word(config: Path) -> None:
    units = write_units(Path("/home/ada/100% mine"))
    text = units.file.read_text()
    assert units.file == config / "systemd" / "user" / "sweeptree.service"
    assert 'Environment="SWEEPTREE_HOME=/home/ada/100%% mine"' in text
    assert 'ExecStart="/opt/my tools/sweeptree" server start' in text


def test_cron_gets_a_line_that_a_shell_reads(config: Path) -> None:
    line = write_units(Path("/home/ada/it's")).crontab
    words = line.removeprefix("@reboot ").removesuffix("server start")
    done = subprocess.run(["sh", "-n", "-c", words], capture_output=True)
    assert line.startswith("@reboot ") and done.returncode == 0
