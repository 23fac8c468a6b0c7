"""Tokens go to their own host only, and are seen nowhere on the way."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from forge.hub import Hub
from forge.spy import Spy, files_with
from sweeptree.errors import ForgeError, PushError
from sweeptree.publish.delivery import Context, Options, deliver

PLAIN = Options(title="Wider", labels=("x",))


def test_token_is_in_no_command_line_and_no_file(
    hub: Hub, worktree: Path, context: Context, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with Spy(hub.token, tmp_path / "seen") as spy:
        done = deliver(worktree, "wider", PLAIN, context)
    assert (spy.words, files_with(hub.token, tmp_path)) == ([], [])
    assert (hub.token in caplog.text, hub.token in repr((done, context))) == (False, False)


def test_token_in_the_remote_s_url_works_and_stays_out_of_sight(
    hub: Hub, worktree: Path, context: Context
) -> None:
    with_token = hub.remote.replace("http://", f"http://x:{hub.token}@")
    git("remote", "set-url", "origin", with_token, cwd=worktree)
    done = deliver(worktree, "wider", PLAIN, replace(context, environ={"PATH": ""}))
    assert done.state == "opened"
    assert hub.token not in repr(done) and "set-url" in " ".join(done.hints)


def test_bad_token_says_where_it_came_from(hub: Hub, worktree: Path, context: Context) -> None:
    bad = replace(context, environ={**context.environ, "GH_ENTERPRISE_TOKEN": "gho_" + "B" * 36})
    with pytest.raises((ForgeError, PushError)) as failed:
        deliver(worktree, "wider", PLAIN, bad)
    assert (failed.value.kind, failed.value.exit_code) == ("auth", 4)
    assert "B" * 36 not in str(failed.value) + " ".join(failed.value.hint)


def test_without_a_token_there_is_a_branch_and_a_hint(
    hub: Hub, worktree: Path, context: Context
) -> None:
    done = deliver(worktree, "wider", PLAIN, replace(context, environ={"PATH": ""}))
    assert (done.state, git("rev-parse", "wider", cwd=worktree)) == ("local", done.commit)
    assert "GH_ENTERPRISE_TOKEN" in " ".join(done.hints) and hub.calls == []


def test_without_a_remote_there_is_a_local_branch(worktree: Path, context: Context) -> None:
    git("remote", "remove", "origin", cwd=worktree)
    done = deliver(worktree, "wider", PLAIN, context)
    assert (done.state, git("show", "wider:notes.md", cwd=worktree)) == ("local", "wider")


def test_remote_that_is_a_folder_gets_the_branch(
    hub: Hub, worktree: Path, context: Context
) -> None:
    git("remote", "set-url", "origin", hub.repo.path, cwd=worktree)
    done = deliver(worktree, "wider", PLAIN, context)
    assert (done.state, hub.repo.tip("wider"), hub.log) == ("pushed", done.commit, [])


def test_ssh_remote_and_the_api_by_settings(
    hub: Hub, worktree: Path, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\nshift $(($# - 1))\ncd '{hub.root}' && eval \"exec $1\"\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH", str(ssh))
    git("remote", "set-url", "origin", "git@work-alias:ada/ecg.git", cwd=worktree)
    context = replace(
        context,
        environ={"SWEEPTREE_GITHUB_TOKEN": hub.token, "PATH": ""},
        github_url=f"{hub.url}/api/v3",
    )
    assert deliver(worktree, "wider", PLAIN, context).state == "opened"
    assert not [request for request in hub.log if request.is_git]
