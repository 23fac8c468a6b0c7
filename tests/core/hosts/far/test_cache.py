"""The bare repository on a host, as its program makes it."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.hosts.far import cache


def test_it_is_made_whole_and_quiet(tmp_path: Path) -> None:
    cache.make(str(tmp_path / "x.git"), "sha1")
    assert git("config", "gc.auto", cwd=tmp_path / "x.git") == "0"
    assert [path.name for path in tmp_path.iterdir()] == ["x.git"]
    assert not list((tmp_path / "x.git").glob("hooks/*"))


def test_half_of_it_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="unknown hash"):
        cache.make(str(tmp_path / "x.git"), "sha0")
    assert not list(tmp_path.iterdir())


def test_an_origin_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    cache.make(str(tmp_path / "x.git"), "sha1")
    done = cache.git(str(tmp_path / "x.git"), "-c", "alias.wait=!sleep 100", "wait", seconds=0.1)
    assert done.returncode != 0
    assert cache.last_line(done.stderr) == "fatal: timed out"
