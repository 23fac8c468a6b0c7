"""Which files differ from one commit to another, or in a worktree."""

from pathlib import Path

from helpers import git

from sweeptree.repository.differences import (
    FileChange,
    lines_between,
    lines_since,
    patch_since,
)


def test_lines_are_counted_and_binary_files_are_not(repo: Path) -> None:
    (repo / "ecg/model.py").write_text("WIDTH = 8\nDEPTH = 2\n")
    (repo / "weights").write_bytes(b"\0\1")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "next", cwd=repo)
    assert lines_between(repo, "HEAD^", "HEAD") == (
        FileChange("ecg/model.py", 1, 0),
        FileChange("weights", None, None),
    )


def test_a_worktree_is_compared_with_a_commit_whatever_was_committed_since(repo: Path) -> None:
    first = git("rev-parse", "HEAD", cwd=repo)
    (repo / "ecg/model.py").write_text("WIDTH = 16\n")
    git("commit", "-qam", "wider", cwd=repo)
    (repo / "train.py").unlink()
    (repo / "unknown.txt").touch()
    paths = {file.path for file in lines_since(repo, first)}
    assert paths == {"ecg/model.py", "train.py"}
    assert "+WIDTH = 16" in patch_since(repo, first)


def test_no_program_of_the_repository_makes_the_patch(repo: Path, tmp_path: Path) -> None:
    git("config", "diff.external", f"touch {tmp_path}/ran", cwd=repo)
    (repo / "train.py").write_text("x\n")
    assert "+x" in patch_since(repo, "HEAD")
    assert not (tmp_path / "ran").exists()
