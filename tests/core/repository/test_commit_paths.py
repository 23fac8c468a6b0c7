"""The paths that a commit holds."""

from pathlib import Path

from helpers import git

from sweeptree.repository import find_repository
from sweeptree.repository.commit_paths import read_commit_paths


def test_files_folders_and_submodules_are_told_apart(repo: Path) -> None:
    (repo / "a\nb").write_text("")
    git("add", ".", cwd=repo)
    head = git("rev-parse", "HEAD", cwd=repo)
    git("update-index", "--add", "--cacheinfo", f"160000,{head},sub", cwd=repo)
    git("commit", "-qm", "all kinds", cwd=repo)
    found = read_commit_paths(find_repository(repo), "HEAD")
    assert found.files == {".gitignore", "train.py", "ecg/model.py", "a\nb", "sub"}
    assert found.folders == {"ecg"}
    assert found.submodules == ("sub",)
    assert found.has("ecg")
    assert not found.has("ec")
