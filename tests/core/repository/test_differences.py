"""Which files differ from one commit to another."""

from pathlib import Path

from helpers import git

from sweeptree.repository.differences import FileChange, lines_between


def test_lines_are_counted_and_binary_files_are_not(repo: Path) -> None:
    (repo / "ecg/model.py").write_text("WIDTH = 8\nDEPTH = 2\n")
    (repo / "weights").write_bytes(b"\0\1")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "next", cwd=repo)
    assert lines_between(repo, "HEAD^", "HEAD") == (
        FileChange("ecg/model.py", 1, 0),
        FileChange("weights", None, None),
    )
