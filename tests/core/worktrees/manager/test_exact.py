"""Files as objects and back, byte for byte."""

from pathlib import Path

from helpers import git

from sweeptree.repository.commits import commit_tree
from sweeptree.worktrees.manager.exact import hash_files, put_files, tree_with_files


def commit(repo: Path, paths: list[str]) -> str:
    tree = tree_with_files(repo, "HEAD", paths, repo.parent / "index")
    return commit_tree(repo, tree, ["HEAD"], "saved")


def test_bytes_pass_settings_that_change_line_ends(repo: Path) -> None:
    git("config", "core.autocrlf", "true", cwd=repo)
    (repo / "train.py").write_bytes(b"a\r\nb\n")
    saved = commit(repo, ["train.py"])
    (repo / "train.py").unlink()
    put_files(repo, "HEAD", saved)
    assert (repo / "train.py").read_bytes() == b"a\r\nb\n"


def test_filters_are_not_run(repo: Path) -> None:
    (repo / ".gitattributes").write_text("*.py filter=lossy\n")
    git("config", "filter.lossy.clean", "echo lost", cwd=repo)
    (repo / "train.py").write_text("kept\n")
    assert git("show", f"{commit(repo, ['train.py'])}:train.py", cwd=repo) == "kept"


def test_a_file_that_became_a_folder_and_one_that_went(repo: Path) -> None:
    (repo / "train.py").unlink()
    (repo / "train.py").mkdir()
    (repo / "train.py/x").write_text("x")
    (repo / "ecg/model.py").unlink()
    saved = commit(repo, ["train.py", "train.py/x", "ecg/model.py"])
    git("reset", "-q", "--hard", cwd=repo)
    put_files(repo, "HEAD", saved)
    assert (repo / "train.py/x").read_text() == "x"
    assert not (repo / "ecg/model.py").exists()


def test_odd_names_are_hashed_as_they_are(repo: Path) -> None:
    names = ["new\nline", 'quo"te', "back\\slash", "tab\t", '"']
    for name in names:
        (repo / name).write_text(name)
    hashes = hash_files(repo, names)
    assert [git("cat-file", "blob", found, cwd=repo) for found in hashes] == names


def test_links_and_modes_come_back(repo: Path) -> None:
    (repo / "run.sh").write_text("x")
    (repo / "run.sh").chmod(0o755)
    (repo / "link").symlink_to("nowhere")
    saved = commit(repo, ["run.sh", "link"])
    (repo / "run.sh").unlink()
    (repo / "link").unlink()
    put_files(repo, "HEAD", saved)
    assert (repo / "run.sh").stat().st_mode & 0o111
    assert str((repo / "link").readlink()) == "nowhere"
