"""What a patch makes of a commit."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import Refused
from sweeptree.repository import patches

PATCH = b"""\
diff --git a/ecg/model.py b/ecg/model.py
--- a/ecg/model.py
+++ b/ecg/model.py
@@ -1 +1 @@
-WIDTH = 8
+WIDTH = 9
diff --git a/run.sh b/run.sh
new file mode 100755
--- /dev/null
+++ b/run.sh
@@ -0,0 +1 @@
+true
"""


def test_a_tree_with_a_patch_and_the_patch_of_a_tree(repo: Path) -> None:
    tree = patches.tree_with_patch(repo, "HEAD", PATCH)
    assert patches.read_file(repo, tree, "ecg/model.py") == b"WIDTH = 9\n"
    again = patches.patch_between(repo, "HEAD", tree)
    assert patches.tree_with_patch(repo, "HEAD", again) == tree
    assert patches.patch_between(repo, "HEAD", tree, []) == b""


def test_neither_index_nor_files_are_touched(repo: Path) -> None:
    patches.tree_with_patch(repo, "HEAD", PATCH)
    assert git("status", "--porcelain", cwd=repo) == ""


def test_what_differs_between_trees(repo: Path) -> None:
    tree = patches.tree_with_patch(repo, "HEAD", PATCH)
    changed, new = patches.entries_between(repo, "HEAD", tree)
    assert (changed.path, changed.is_new, new.path, new.is_new) == (
        "ecg/model.py", False, "run.sh", True
    )  # fmt: skip
    assert new.new_mode == "100755" and not new.is_symlink and not new.is_submodule


def test_git_says_why_a_patch_does_not_apply(repo: Path) -> None:
    with pytest.raises(Refused, match=r"model\.py"):
        patches.tree_with_patch(repo, "HEAD", PATCH.replace(b"WIDTH = 8", b"WIDTH = 7"))


def test_a_tree_of_files_keeps_their_modes(repo: Path) -> None:
    tree = patches.tree_with_patch(repo, "HEAD", PATCH)
    files = {"ecg/model.py": None, "run.sh": b"false\n", "new.py": b""}
    made = patches.tree_with_files(repo, "HEAD", files, tree)
    assert "ecg/model.py" not in patches.list_files(repo, made)
    assert patches.read_file(repo, made, "ecg/model.py") is None
    modes = {entry.path: entry.new_mode for entry in patches.entries_between(repo, "HEAD", made)}
    assert modes == {"ecg/model.py": "000000", "run.sh": "100755", "new.py": "100644"}
