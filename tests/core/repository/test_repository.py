"""Finding the repository and the base commit, from wherever the user stands."""

import os
import subprocess
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.repository import find_repository, hide_results, in_place, resolve_base

AWKWARD = [
    "with space",
    "ünïcode 心電図",
    "new\nline",
    "quote'\"",
    "-dash",
    "a;touch HACK",
    "$(id)",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_finds_repository_with_awkward_name(repo: Path, name: str) -> None:
    place = repo.rename(repo.with_name(name))
    found = find_repository(place / "ecg")
    assert (found.top, found.start, found.subfolder) == (place, place, Path("ecg"))
    assert (found.common_dir, found.is_bare, found.is_shallow) == (place / ".git", False, False)


@pytest.mark.parametrize("name", AWKWARD)
def test_linked_worktree_leads_to_the_main_one(repo: Path, tmp_path: Path, name: str) -> None:
    linked = tmp_path / name
    git("worktree", "add", "-q", "--detach", linked, cwd=repo)
    found = find_repository(linked / "ecg")
    assert (found.top, found.start, found.subfolder) == (repo, linked, Path("ecg"))


def test_bare_repository_is_its_own_top(repo: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--bare", repo, tmp_path / "b.git", cwd=tmp_path)
    found = find_repository(tmp_path / "b.git")
    assert found.is_bare
    assert found.top == found.start == found.common_dir == tmp_path / "b.git"


def test_worktree_of_a_bare_repository_is_a_checkout(repo: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--bare", repo, tmp_path / "b.git", cwd=tmp_path)
    git("worktree", "add", "-q", tmp_path / "w", cwd=tmp_path / "b.git")
    found = find_repository(tmp_path / "w")
    assert (found.top, found.start, found.is_bare) == (tmp_path / "b.git", tmp_path / "w", False)


def test_shallow_clone_says_so(repo: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--depth=1", repo.as_uri(), tmp_path / "s", cwd=tmp_path)
    assert find_repository(tmp_path / "s").is_shallow


def test_environment_of_a_hook_does_not_mislead(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_WORK_TREE", "/nowhere")
    assert find_repository(repo).top == repo


def test_no_repository_names_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not in a git repository") as caught:
        find_repository(tmp_path)
    assert "git init" in "".join(caught.value.hint)


def test_missing_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        find_repository(tmp_path / "missing")


def test_inside_git_folder_is_a_mistake(repo: Path) -> None:
    with pytest.raises(UsageError, match="git's own folder"):
        find_repository(repo / ".git")


def test_missing_git_is_refused(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refused, match="git is not installed"):
        find_repository(repo)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_foreign_owner_is_refused_with_the_command(repo: Path) -> None:
    subprocess.run(["chown", "-R", "65534", str(repo)], check=True)
    with pytest.raises(Refused, match="does not trust") as caught:
        find_repository(repo)
    assert "safe.directory" in caught.value.hint[0]


def test_base_is_pinned(repo: Path) -> None:
    base = resolve_base(find_repository(repo), "HEAD")
    assert base.commit == git("rev-parse", "HEAD", cwd=repo)
    assert (base.name, base.subject, base.branch) == ("HEAD", "first", "main")


def test_head_is_that_of_the_linked_worktree(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "-b", "side", tmp_path / "w", cwd=repo)
    git("commit", "-q", "--allow-empty", "-m", "second", cwd=tmp_path / "w")
    base = resolve_base(find_repository(tmp_path / "w"), "HEAD")
    assert (base.subject, base.branch) == ("second", "side")


def test_tag_and_detached_head(repo: Path) -> None:
    git("tag", "-a", "v1", "-m", "one", cwd=repo)
    git("checkout", "-q", "--detach", cwd=repo)
    base = resolve_base(find_repository(repo), "v1")
    assert (base.commit, base.branch) == (git("rev-parse", "HEAD", cwd=repo), None)


@pytest.mark.parametrize(
    "ref", ["nope", "-x", "--upload-pack=touch HACK", "$(touch HACK)", "a\nb", "HEAD~9", "", "a..b"]
)
def test_unknown_ref_is_a_mistake(repo: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="commit") as caught:
        resolve_base(find_repository(repo), ref)
    assert caught.value.hint
    assert not (repo / "HACK").exists()


def test_branch_that_looks_like_an_option(repo: Path) -> None:
    git("update-ref", "refs/heads/-x", "HEAD", cwd=repo)
    assert resolve_base(find_repository(repo), "-x").subject == "first"


def test_unborn_head_is_refused(tmp_path: Path) -> None:
    git("init", "-q", cwd=tmp_path)
    with pytest.raises(Refused, match="no commit yet") as caught:
        resolve_base(find_repository(tmp_path), "HEAD")
    assert "git commit" in caught.value.hint[0]


def test_shallow_clone_hints_at_unshallow(repo: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--depth=1", repo.as_uri(), tmp_path / "s", cwd=tmp_path)
    with pytest.raises(SweeptreeError) as caught:
        resolve_base(find_repository(tmp_path / "s"), "HEAD~1")
    assert "--unshallow" in "".join(caught.value.hint)


def test_in_place_is_where_the_user_stands(repo: Path) -> None:
    found = find_repository(repo / "ecg")
    worktree = in_place(found, resolve_base(found, "HEAD"))
    assert (worktree.top, worktree.path, worktree.slot) == (repo, repo / "ecg", None)


def test_in_place_is_refused_in_a_bare_repository(repo: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--bare", repo, tmp_path / "b.git", cwd=tmp_path)
    found = find_repository(tmp_path / "b.git")
    with pytest.raises(Refused, match="bare"):
        in_place(found, resolve_base(found, "HEAD"))


def take_results_out_of_gitignore(repo: Path) -> None:
    (repo / ".gitignore").write_text("")
    git("commit", "-qam", "ignore nothing", cwd=repo)


@pytest.mark.parametrize("place", ["results/exp", "my runs [a]/exp", "results/*/exp"])
def test_clean_and_add_leave_results_alone(repo: Path, place: str) -> None:
    take_results_out_of_gitignore(repo)
    (repo / place).mkdir(parents=True)
    (repo / place / "sweep.json").write_text("{}")
    for _ in range(2):
        hide_results(find_repository(repo / "ecg"), repo / place)
    git("clean", "-fdq", cwd=repo)
    git("add", "-A", cwd=repo)
    assert (repo / place / "sweep.json").exists()
    assert git("status", "--porcelain", cwd=repo) == ""
    exclude = (repo / ".git/info/exclude").read_text().splitlines()
    assert len(exclude) == len(set(exclude))


def test_new_files_beside_tracked_results_are_still_shown(repo: Path) -> None:
    take_results_out_of_gitignore(repo)
    for path in ("results/table.csv", "results/exp/sweep.json"):
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text("1")
    git("add", "results/table.csv", cwd=repo)
    hide_results(find_repository(repo), repo / "results/exp")
    (repo / "results/new.csv").write_text("2")
    status = git("status", "--porcelain", "-uall", cwd=repo).splitlines()
    assert status == ["A  results/table.csv", "?? results/new.csv"]


def test_results_elsewhere_change_no_setting(repo: Path, tmp_path: Path) -> None:
    before = (repo / ".git/info/exclude").read_text()
    hide_results(find_repository(repo), tmp_path / "results/exp")
    assert (repo / ".git/info/exclude").read_text() == before


def test_results_of_a_bare_layout_are_where_the_user_started(repo: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--bare", repo, tmp_path / "p/.bare", cwd=tmp_path)
    git("worktree", "add", "-q", tmp_path / "p/main", cwd=tmp_path / "p/.bare")
    found = find_repository(tmp_path / "p/main/ecg")
    assert found.results_dir == tmp_path / "p/main/results"
    hide_results(found, found.results_dir / "exp")
    (found.results_dir / "exp").mkdir(parents=True)
    (found.results_dir / "exp/sweep.json").write_text("{}")
    assert git("status", "--porcelain", "--ignored=no", cwd=tmp_path / "p/main") == ""


def test_results_of_a_linked_worktree_are_in_the_main_one(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "w", cwd=repo)
    assert find_repository(tmp_path / "w").results_dir == repo / "results"
