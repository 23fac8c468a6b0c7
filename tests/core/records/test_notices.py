"""What people should know beside the jobs."""

from __future__ import annotations

import json
from pathlib import Path

from sweeptree.records import SweepPaths, add_notice


def test_a_notice_is_one_line_with_its_time(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path)
    paths.state.mkdir()
    add_notice(paths, "gpu2 is away;\ntrying again")
    add_notice(paths, "gpu2 is back")
    first, second = map(json.loads, paths.notices.read_text().splitlines())
    assert first["text"] == "gpu2 is away;\ntrying again"
    assert second["text"] == "gpu2 is back"
    assert first["at"].endswith("+00:00")


def test_no_link_is_followed_and_no_folder_made(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "none")
    add_notice(paths, "nobody hears it")
    assert not paths.root.exists()
    paths.state.mkdir(parents=True)
    paths.notices.symlink_to(tmp_path / "elsewhere")
    add_notice(paths, "nobody hears it")
    assert not (tmp_path / "elsewhere").exists()
