"""Tokens go to their own host only, and are seen nowhere on the way."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from forge.hub import Hub
from forge.spy import Spy, files_with
from sweeptree.errors import ForgeError, PushError, UsageError
from sweeptree.publish.delivery import Context, Options, deliver
from sweeptree.publish.forge import (
    find_token,
    git_credentials,
    parse_remote,
    pull_request_repository,
)

PLAIN = Options(title="Wider", labels=("x",))


@pytest.mark.parametrize(
    ("url", "environ", "source"),
    [
        (
            "https://github.com/o/r.git",
            {"SWEEPTREE_GITHUB_TOKEN": "a", "GH_TOKEN": "b"},
            "SWEEPTREE_GITHUB_TOKEN",
        ),
        ("git@github.com:o/r.git", {"GH_TOKEN": "b", "GITHUB_TOKEN": "c"}, "GH_TOKEN"),
        ("ssh://git@ssh.github.com:443/o/r", {"GITHUB_TOKEN": "c"}, "GITHUB_TOKEN"),
        (
            "https://github.com/o/r",
            {"GITHUB_TOKEN": "c", "GITHUB_SERVER_URL": "https://ghe.corp"},
            None,
        ),
        (
            "https://ghe.corp/o/r",
            {"GITHUB_TOKEN": "c", "GITHUB_SERVER_URL": "https://ghe.corp"},
            "GITHUB_TOKEN",
        ),
        ("https://ghe.corp/o/r", {"GH_TOKEN": "b", "GH_ENTERPRISE_TOKEN": "e"}, None),
        (
            "https://ghe.corp/o/r",
            {"GH_HOST": "ghe.corp", "GH_ENTERPRISE_TOKEN": "e"},
            "GH_ENTERPRISE_TOKEN",
        ),
        (
            "https://evil.example/o/r",
            {"SWEEPTREE_GITHUB_TOKEN": "a", "GH_TOKEN": "b", "GITHUB_TOKEN": "c"},
            None,
        ),
        ("http://github.com/o/r", {"GH_TOKEN": "b"}, None),
        ("https://u:secret@ghe.corp/o/r", {}, "the remote's URL"),
    ],
)
def test_token_belongs_to_its_host(url: str, environ: dict[str, str], source: str | None) -> None:
    address = parse_remote(url)
    assert address is not None
    token = find_token(address, {**environ, "PATH": ""})
    assert (token.source if token else None) == source


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com/o/r.git", "https://api.github.com"),
        ("git@github.com:o/r.git", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/o/r", "https://api.github.com"),
        ("https://corp.ghe.com/o/r", "https://api.corp.ghe.com"),
        ("https://ghe.corp/o/r.git", "https://ghe.corp/api/v3"),
        ("https://me@ghe.corp:8443/o/r", "https://ghe.corp:8443/api/v3"),
        ("git@ghe.corp:o/r.git", "https://ghe.corp/api/v3"),
        ("ssh://git@GHE.corp:2222/o/r.git", "https://ghe.corp/api/v3"),
    ],
)
def test_remote_leads_to_the_repository_s_api(url: str, api: str) -> None:
    address = parse_remote(url)
    assert address is not None
    assert (address.full_name, address.api_url, address.secret) == ("o/r", api, None)


@pytest.mark.parametrize("url", ["git@work-alias:o/r.git", "ssh://git@ghe.corp:2222/o/r"])
def test_ssh_remote_is_looked_for_where_the_settings_say(url: str) -> None:
    address = parse_remote(url)
    assert address is not None
    place = pull_request_repository(address, github_url="https://ghe.corp:8443/api/v3")
    assert (place.host, place.api_url) == ("ghe.corp:8443", "https://ghe.corp:8443/api/v3")


def test_enterprise_named_by_the_settings_gets_our_token() -> None:
    address = parse_remote("https://ghe.corp/o/r")
    assert address is not None
    token = find_token(
        address, {"SWEEPTREE_GITHUB_TOKEN": "a", "PATH": ""}, "https://ghe.corp/api/v3"
    )
    assert token is not None and token.value == "a" and "value" not in repr(token)


def test_login_of_gh_is_asked_last(tmp_path: Path) -> None:
    (tmp_path / "gh").write_text(
        '#!/bin/sh\n[ "$*" = "auth token --hostname github.com" ] && echo from-gh\n'
    )
    (tmp_path / "gh").chmod(0o755)
    address = parse_remote("https://github.com/o/r")
    assert address is not None
    token = find_token(address, {"PATH": f"{tmp_path}:/bin"})
    assert token is not None and (token.value, token.source) == (
        "from-gh",
        "gh auth login (github.com)",
    )


def test_token_with_a_line_break_is_refused() -> None:
    address = parse_remote("https://github.com/o/r")
    assert address is not None
    with pytest.raises(UsageError, match="GH_TOKEN"):
        find_token(address, {"GH_TOKEN": "a\nX-Evil: 1", "PATH": ""})


def test_credentials_name_only_the_remote_s_host() -> None:
    address = parse_remote("https://github.com/o/r")
    assert address is not None
    token = find_token(address, {"GH_TOKEN": "b", "PATH": ""})
    keys = [key for key, _ in git_credentials("https://github.com/o/r", token)]
    assert keys == ["credential.helper", *["http.https://github.com/.extraHeader"] * 2]
    assert git_credentials("git@github.com:o/r", token) == ()


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
