"""Hooks, filters and other programs that a repository or a branch names: none is started, except
those that the user has set."""

from pathlib import Path

from fault_kit import Sweeper, records
from helpers import git

from sweeptree.repository.guards import Limits
from sweeptree.repository.merges import try_merge
from sweeptree.worktrees import read_contents


def test_row_37_hooks_and_filters_of_the_repository_do_not_run(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    for name in (
        "post-checkout",
        "pre-commit",
        "commit-msg",
        "post-commit",
        "reference-transaction",
        "post-index-change",
    ):
        hook = sweeper.repo / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/HOOKED'\n")
        hook.chmod(0o755)
    git("config", "core.fsmonitor", f"touch '{tmp_path}/HOOKED'", cwd=sweeper.repo)
    spec = sweeper.spec(["echo more >> train.py", "true"], commit_and_pr=True)
    assert sweeper.run(spec)["message"] == "2 succeeded"
    assert not (tmp_path / "HOOKED").exists()


TOUCHING = """
[core]
    hooksPath = .githooks
    fsmonitor = ./touch.sh
    pager = ./touch.sh
    sshCommand = ./touch.sh
[diff]
    external = ./touch.sh
[filter "evil"]
    clean = ./touch.sh
    smudge = ./touch.sh
    process = ./touch.sh
    required = true
[diff "evil"]
    command = ./touch.sh
    textconv = ./touch.sh
[merge "evil"]
    driver = ./touch.sh %A
[submodule "evil"]
    path = evil
    url = ./.
    update = !./touch.sh
[lfs]
    standalonetransferagent = evil
[lfs "customtransfer.evil"]
    path = ./touch.sh
"""


def test_row_37_nothing_that_a_branch_holds_starts_a_program(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    repo = sweeper.repo
    for name in (".gitconfig", ".lfsconfig", ".gitmodules", "config", ".git-config"):
        (repo / name).write_text(TOUCHING)
    (repo / ".gitattributes").write_text(
        "* filter=evil diff=evil merge=evil -text ident working-tree-encoding=UTF-8\n"
    )
    (repo / ".githooks").mkdir()
    for script in (
        repo / "touch.sh",
        *(repo / ".githooks" / name for name in ("post-checkout", "pre-commit")),
    ):
        script.write_text(f"#!/bin/sh\ntouch '{tmp_path}/RAN'\ncat\n")
        script.chmod(0o755)
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "a hostile branch", cwd=repo)
    spec = sweeper.spec(["echo more >> train.py", "rm train.py", "true"], commit_and_pr=True)
    assert sweeper.run(spec)["message"] == "3 succeeded"
    first, second, _ = (
        str(record.git_branch) for _, record in sorted(records(sweeper.paths(spec)).items())
    )
    assert try_merge(repo, first, second).conflicts == ("train.py",)
    assert not (tmp_path / "RAN").exists()


def test_row_37_filters_that_the_user_has_set_work_and_what_a_job_commits_is_clean(
    sweeper: Sweeper,
) -> None:
    repo = sweeper.repo
    git("config", "filter.caesar.smudge", "tr b-za a-z", cwd=repo)
    git("config", "filter.caesar.clean", "tr a-z b-za", cwd=repo)
    (repo / ".gitattributes").write_text("*.txt filter=caesar\n")
    (repo / "secret.txt").write_text("hal\n")
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "with a filter", cwd=repo)
    spec = sweeper.spec(
        ["grep -x hal secret.txt && echo abc >> secret.txt", "grep -x hal secret.txt"], parallel=1
    )
    spec |= {"commit_and_pr": True}
    assert sweeper.run(spec)["message"] == "2 succeeded"
    branch = str(records(sweeper.paths(spec))[0].git_branch)
    assert git("cat-file", "blob", f"{branch}:secret.txt", cwd=repo).split() == ["ibm", "bcd"]


def test_row_37_the_user_s_own_views_of_a_difference_are_not_asked(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    """They are for eyes: what they print would be taken for git's words."""
    touch = f"touch '{tmp_path}/RAN'; cat"
    for name in (
        "diff.external",
        "diff.fancy.command",
        "diff.fancy.textconv",
        "interactive.diffFilter",
        "core.pager",
    ):
        git("config", name, touch, cwd=sweeper.repo)
    (sweeper.repo / ".git/info/attributes").write_text("* diff=fancy\n")
    spec = sweeper.spec(["echo more >> train.py"], commit_and_pr=True)
    assert sweeper.run(spec)["message"] == "1 succeeded"
    (sweeper.repo / "train.py").write_text("print(3)\n")
    (found,) = read_contents(sweeper.repo, Limits()).files
    assert (found.path, found.added) == ("train.py", 1)
    assert not (tmp_path / "RAN").exists()
