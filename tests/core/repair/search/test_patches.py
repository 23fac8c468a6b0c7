"""git takes the patches."""

import subprocess
from pathlib import Path

import pytest

from sweeptree.repair.search.patches import patch_of


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\nc\n", b"a\nX\nc\n"),
        (b"a\nb", b"a\nX"),
        (b"a\n", b"a"),
        (b"a\r\nb\r\n", b"a\r\nX\r\n"),
        (b"a\x0cb\n\xc3\xa4\n", b"a\x0cb\n\xff\n"),
        (b"a\nb\nc\n", b"a\nc\n"),
    ],
)
def test_git_makes_the_same_change(tmp_path: Path, before: bytes, after: bytes) -> None:
    file = tmp_path / "a folder" / "ä.py"
    file.parent.mkdir()
    file.write_bytes(before)
    patch = patch_of("a folder/ä.py", before, after)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, check=True)
    assert file.read_bytes() == after


def test_a_path_that_git_would_quote_is_refused() -> None:
    with pytest.raises(ValueError, match="line"):
        patch_of("new\nline.py", b"a", b"b")
