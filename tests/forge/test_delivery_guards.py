"""What must not leave the machine does not, and nobody's worktree is disturbed."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from forge.hub import Hub
from sweeptree.errors import Refused, UsageError
from sweeptree.publish.delivery import Context, Options, deliver

PLAIN = Options(title="Wider")
MIB = 1024 * 1024


def _state(top: Path) -> dict[str, str]:
    """Every byte of the worktree and of git's folder for it."""
    roots = (top, Path(git("rev-parse", "--absolute-git-dir", cwd=top)))
    files = [
        file
        for root in roots
        for file in root.rglob("*")
        if file.is_file() and not file.is_symlink()
    ]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _objects(top: Path) -> int:
    return int(git("count-objects", cwd=top).split()[0])


def test_worktree_stays_byte_identical(hub: Hub, worktree: Path, context: Context) -> None:
    git("add", "notes.md", cwd=worktree)
    os.utime(worktree / "train.py")
    before = _state(worktree)
    deliver(worktree, "wider", PLAIN, context)
    assert _state(worktree) == before


def test_checked_out_branch_is_not_moved_under_its_worktree(
    hub: Hub, worktree: Path, context: Context
) -> None:
    before = git("rev-parse", "agent/work", cwd=worktree)
    done = deliver(worktree, "agent/work", PLAIN, context)
    assert git("rev-parse", "agent/work", cwd=worktree) == before
    assert hub.repo.tip("agent/work") == done.commit != before


def test_big_new_file_is_left_out_and_listed(hub: Hub, worktree: Path, context: Context) -> None:
    with (worktree / "model.ckpt").open("wb") as file:
        file.truncate(6 * MIB)
    done = deliver(worktree, "wider", PLAIN, context)
    assert [str(item) for item in done.left_out] == ["model.ckpt (6.0 MiB: over 5.0 MiB)"]
    assert "model.ckpt (6.0 MiB" in hub.pulls[1].body
    assert "model.ckpt" not in hub.repo.git("ls-tree", "-r", "--name-only", "wider")


def test_repository_inside_and_links_outside_are_left_out(
    hub: Hub, worktree: Path, context: Context
) -> None:
    git("init", "-q", worktree / "inner", cwd=worktree)
    (worktree / "inner" / "file").write_text("x")
    (worktree / "passwd").symlink_to("/etc/passwd")
    (worktree / "up").symlink_to("../../elsewhere")
    (worktree / "inside").symlink_to("train.py")
    done = deliver(worktree, "wider", PLAIN, context)
    assert sorted(item.path for item in done.left_out) == ["inner/", "passwd", "up"]
    assert "inside" in hub.repo.git("ls-tree", "--name-only", "wider").split()


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_" + "a1" * 18,
        "AKIA" + "A1" * 8,
        "hf_" + "x" * 34,
        "-----BEGIN RSA " + "PRIVATE KEY-----",
    ],
)
def test_secret_is_refused_before_an_object_is_written(
    hub: Hub, worktree: Path, context: Context, secret: str
) -> None:
    (worktree / "config.py").write_text(f"A = 1\nKEY = '{secret}'\n")
    before = _objects(worktree)
    with pytest.raises(Refused) as refused:
        deliver(worktree, "wider", PLAIN, context)
    assert "config.py:2" in refused.value.message
    assert secret not in refused.value.message
    assert (_objects(worktree), hub.log) == (before, [])


def test_token_in_use_is_refused_whatever_its_shape(
    hub: Hub, worktree: Path, context: Context
) -> None:
    hub.token = "plainwords"
    context = replace(context, environ={**context.environ, "GH_ENTERPRISE_TOKEN": "plainwords"})
    (worktree / "notes.md").write_text("the token is plainwords\n")
    with pytest.raises(Refused, match=r"notes\.md:1 holds a token that is in use here"):
        deliver(worktree, "wider", PLAIN, context)


def test_secret_that_the_base_holds_already_is_no_finding(
    hub: Hub, clone: Path, context: Context
) -> None:
    (clone / "fixture.py").write_text("KEY = 'ghp_" + "a1" * 18 + "'\n")
    git("add", ".", cwd=clone)
    git("commit", "-q", "-m", "fixture", cwd=clone)
    git("push", "-q", hub.repo.path, "main", cwd=clone)
    with (clone / "fixture.py").open("a") as file:
        file.write("OTHER = 1\n")
    git("update-ref", "refs/remotes/origin/main", "main", cwd=clone)
    assert deliver(clone, "more", PLAIN, context).state == "opened"


def test_secret_in_an_earlier_commit_is_found(hub: Hub, worktree: Path, context: Context) -> None:
    (worktree / "config.py").write_text("KEY = 'ghp_" + "a1" * 18 + "'\n")
    git("add", ".", cwd=worktree)
    git("commit", "-q", "-m", "oops", cwd=worktree)
    (worktree / "config.py").write_text("KEY = ''\n")
    git("commit", "-q", "-am", "hide it", cwd=worktree)
    with pytest.raises(Refused, match=r"config\.py:1 holds what looks like a GitHub token"):
        deliver(worktree, "wider", PLAIN, context)
    assert hub.repo.tip("wider") == ""


def test_workflow_file_needs_a_word(hub: Hub, worktree: Path, context: Context) -> None:
    (worktree / ".github" / "workflows").mkdir(parents=True)
    (worktree / ".github" / "workflows" / "ci.yml").write_text("on: push\n")
    with pytest.raises(Refused, match="allow_workflows"):
        deliver(worktree, "wider", PLAIN, context)
    assert (
        deliver(worktree, "wider", replace(PLAIN, allow_workflows=True), context).state == "opened"
    )


def test_lfs_file_is_refused(hub: Hub, worktree: Path, context: Context) -> None:
    (worktree / ".gitattributes").write_text("*.bin filter=lfs -text\n")
    (worktree / "weights.bin").write_bytes(b"weights")
    with pytest.raises(Refused, match=r"weights\.bin is a Git LFS file"):
        deliver(worktree, "wider", PLAIN, context)


@pytest.mark.parametrize("branch", ["main", "master", "-x", "a..b", "with space", "a\nb"])
def test_base_branch_and_bad_names_are_refused(
    hub: Hub, worktree: Path, context: Context, branch: str
) -> None:
    with pytest.raises(UsageError):
        deliver(worktree, branch, PLAIN, context)
    assert hub.log == []


@pytest.mark.parametrize(
    "branch", ["a`id`b", "a;touch$IFS'x'", "a&&b|c", "über/größe", "--".join("ab")]
)
def test_odd_branch_names_inject_nothing(
    hub: Hub, worktree: Path, context: Context, branch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(worktree)
    before = sorted(os.listdir())
    deliver(worktree, branch, PLAIN, context)
    assert (hub.pulls[1].branch, sorted(os.listdir())) == (branch, before)


@pytest.mark.parametrize(
    "name", ["a\nb.md", "it's.md", 'q"uote.md', "-rf", "tab\there", "`id`.md", ":(top)x", "ü.md"]
)
def test_odd_file_names_arrive(hub: Hub, worktree: Path, context: Context, name: str) -> None:
    (worktree / name).write_text("odd\n")
    deliver(worktree, "wider", PLAIN, context)
    assert name in hub.repo.git("ls-tree", "-z", "--name-only", "wider").split("\0")


def test_nothing_to_deliver(hub: Hub, clone: Path, context: Context) -> None:
    assert (deliver(clone, "wider", PLAIN, context).state, hub.log) == ("no-change", [])


def test_line_that_is_marked_is_no_secret(hub: Hub, worktree: Path, context: Context) -> None:
    (worktree / "config.py").write_text(
        "KEY = 'ghp_" + "a1" * 18 + "'  # pragma: allowlist secret\n"
    )
    assert deliver(worktree, "wider", PLAIN, context).state == "opened"


def test_secret_in_the_texts_is_taken_out(hub: Hub, worktree: Path, context: Context) -> None:
    secret = "hf_" + "x" * 34
    options = Options(title=f"Use {secret}", note=f"HF_TOKEN={secret} python train.py", base="main")
    deliver(worktree, "wider", options, context)
    told = (
        hub.pulls[1].title + hub.pulls[1].body + hub.repo.git("log", "-1", "--format=%B", "wider")
    )
    assert secret not in told and told.count("[secret]") == 4


def test_dry_run_does_not_load_the_forge_s_library(hub: Hub, worktree: Path) -> None:
    code = (
        "import sys; from sweeptree.cli.app import run_command_line as run; "
        "run(sys.argv[1:]); exit('github' in sys.modules)"
    )
    words = [sys.executable, "-c", code, "pr", str(worktree), "wider", "--dry_run"]
    env = {
        **os.environ,
        "GH_HOST": hub.url.removeprefix("http://"),
        "GH_ENTERPRISE_TOKEN": hub.token,
    }
    done = subprocess.run(words, env=env, capture_output=True, text=True)
    assert (done.returncode, hub.log) == (
        0,
        [],
    ) and "open a draft pull request in ada/ecg" in done.stdout, done.stderr
