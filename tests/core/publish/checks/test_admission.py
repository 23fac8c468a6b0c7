"""Which patches may be tested at all."""

from pathlib import Path

import pytest

from core.publish.checks.gate_kit import CORE, FIXED, TESTS, Link, Project, diff, make
from sweeptree.errors import Refused
from sweeptree.publish.checks.admission import MOST_BYTES, admit
from sweeptree.publish.checks.protected import Protection

SUBMODULE = b"""\
diff --git a/sub b/sub
new file mode 160000
index 0000000..1111111
--- /dev/null
+++ b/sub
@@ -0,0 +1 @@
+Subproject commit 1111111111111111111111111111111111111111
"""
OUTSIDE = b"--- /dev/null\n+++ b/../outside.py\n@@ -0,0 +1 @@\n+x = 1\n"
INSIDE_GIT = b"--- /dev/null\n+++ b/.git/hooks/post-checkout\n@@ -0,0 +1 @@\n+x\n"
ELSEWHERE = b"--- a/calc/core.py\n+++ b/calc/core.py\n@@ -1 +1 @@\n-no such line\n+x\n"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    make(tmp_path / "p", Project())
    return tmp_path / "p"


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        (b"", "empty"),
        (b"not a patch\n", "does not apply"),
        (OUTSIDE, "does not apply"),
        (INSIDE_GIT, "does not apply"),
        (ELSEWHERE, "does not apply"),
        (SUBMODULE, "submodule"),
        (b"+" * (MOST_BYTES + 1), "the limit is 2"),
    ],
)
def test_a_patch_that_is_no_fix(top: Path, patch: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        admit(top, "HEAD", patch, Protection())


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("calc/link", Link("/etc"), "symbolic link"),
        ("calc/image.png", b"\x89PNG\0\1", "binary"),
        ("tests/test_core.py", TESTS + "\n", "decide about tests"),
        ("json.py", "x = 1\n", "stand before"),
    ],
)
def test_files_that_are_no_fix(top: Path, name: str, data: str, reason: str) -> None:
    patch = diff(top, {name: data})
    with pytest.raises(Refused, match=reason):
        admit(top, "HEAD", patch, Protection())


def test_protected_files_are_left_out(top: Path) -> None:
    patch = diff(top, {"calc/core.py": FIXED, "tests/test_core.py": None, "new.sh": "true\n"})
    admitted = admit(top, "HEAD", patch, Protection())
    assert admitted.dropped == ("tests/test_core.py",)
    assert [edit.path for edit in admitted.edits] == ["calc/core.py", "new.sh"]
    assert (admitted.edits[0].old, admitted.edits[0].new) == (CORE.encode(), FIXED.encode())
