"""[hosts.NAME] in sweeptree.toml."""

from pathlib import Path

import pytest

from core.hosts.test_inventory import HOST
from sweeptree.cli.options_file import find_options_file
from sweeptree.errors import UsageError
from sweeptree.hosts.options import with_options


def write(folder: Path, text: str) -> None:
    (folder / "sweeptree.toml").write_text(text)


def test_what_a_repository_says_of_a_host(repo: Path) -> None:
    write(repo, '[hosts.gpu2]\ndata = "/data/ptbxl"\nsetup = "uv sync"\n')
    found = with_options(HOST, repo / "ecg")
    assert (found.data, found.setup) == ("/data/ptbxl", "uv sync")
    assert find_options_file(repo).path == repo / "sweeptree.toml"


def test_no_file_or_nothing_of_this_host(repo: Path) -> None:
    assert with_options(HOST, repo) == HOST
    write(repo, '[hosts.gpu3]\ndata = "/data"\n')
    assert with_options(HOST, repo) == HOST


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hosts = 1", "is a section"),
        ("hosts.gpu2 = 1", "is a section"),
        ("[hosts.gpu2]\ndate = '/d'", "no option 'date'"),
        ("[hosts.gpu2]\ndata = 1", "is a text"),
        ("[hosts.gpu2]\ndata = 'relative'", "no absolute path"),
        ("[hosts.'-x']\ndata = '/d'", "cannot name a host"),
    ],
)
def test_sections_of_no_use(repo: Path, text: str, why: str) -> None:
    write(repo, text)
    with pytest.raises(UsageError, match=why):
        with_options(HOST, repo)
        find_options_file(repo)
