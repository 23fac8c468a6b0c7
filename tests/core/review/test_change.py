"""The change as git and unidiff give it."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.repository import find_repository
from sweeptree.review.change import hunk_reverts, is_test_path, opened_change, too_large


@pytest.fixture
def two_hunks(repo: Path) -> Path:
    (repo / "long.py").write_text("".join(f"x{n} = {n}\n" for n in range(20)))
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "base", cwd=repo)
    lines = (repo / "long.py").read_text().splitlines()
    lines[2], lines[15] = "x2 = 'two'", "x15 = 'fifteen'"
    (repo / "long.py").write_text("\n".join(lines))  # without the last line break
    (repo / "é b.bin").write_bytes(b"\0binary")
    (repo / "train.py").unlink()
    git("add", "-A", ".", cwd=repo)
    git("commit", "-q", "-m", "head", cwd=repo)
    return repo


def last_two(top: Path) -> list[str]:
    return git("rev-parse", "HEAD~1", "HEAD", cwd=top).splitlines()


def test_files_and_their_added_lines(two_hunks: Path) -> None:
    with opened_change(find_repository(two_hunks), *last_two(two_hunks)) as change:
        files = {file.path: file for file in change.files}
        assert files["long.py"].added == {3, 16, 20}
        assert (files["é b.bin"].new, files["train.py"].new) == (None, None)
        assert change.text("train.py", at_head=False).startswith("import json")
    assert len(git("worktree", "list", cwd=two_hunks).splitlines()) == 1


def test_each_hunk_can_be_taken_back_alone(two_hunks: Path, tmp_path: Path) -> None:
    with opened_change(find_repository(two_hunks), *last_two(two_hunks)) as change:
        first = next(each for each in hunk_reverts(change) if each.path == "long.py")
        reverted = first.applied_to(change.text("long.py"))
    patch = tmp_path / "p"
    patch.write_bytes(first.patch)
    git("apply", patch, cwd=two_hunks)
    assert (two_hunks / "long.py").read_text() == reverted
    assert "x2 = 2\n" in reverted and "fifteen" in reverted


def test_a_link_is_not_followed_out_of_the_worktree(repo: Path) -> None:
    (repo / "out.py").symlink_to("/etc/passwd")
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "link", cwd=repo)
    with opened_change(find_repository(repo), *last_two(repo)) as change:
        assert [file.new for file in change.files] == [None]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("tests/a.py", True), ("test_a.py", True), ("src/conftest.py", True), ("latest/a.py", False)],
)
def test_what_belongs_to_the_tests(path: str, expected: bool) -> None:
    assert is_test_path(path) is expected


@pytest.mark.parametrize("name", ['a"b.py', "a\tb.py", "a\nb.py", "ä\\ b.py", "a\udcffb.py"])
def test_a_name_that_git_quotes_is_read_as_it_is(repo: Path, name: str) -> None:
    (repo / name).write_text("x = 1\n")
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "name", cwd=repo)
    with opened_change(find_repository(repo), *last_two(repo)) as change:
        assert [(file.path, file.new) for file in change.files] == [(name, "x = 1\n")]


def test_tools_see_no_link_that_leads_out(repo: Path, tmp_path: Path) -> None:
    links = {"ty.toml": tmp_path / "out.toml", "etc": "/etc", "loop": "loop", "in.py": "train.py"}
    for name, target in links.items():
        (repo / name).symlink_to(target)
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "links", cwd=repo)
    with opened_change(find_repository(repo), *last_two(repo)) as change:
        assert [name for name in links if (change.head_top / name).is_symlink()] == ["in.py"]


def test_what_is_too_large_is_named(repo: Path) -> None:
    (repo / "large.py").write_bytes(b"#" * 2_000_001)
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "large", cwd=repo)
    with opened_change(find_repository(repo), *last_two(repo)) as change:
        assert too_large(change) == ("large.py",)
