"""`sweeptree pr` as typed, against the forge: what a dry run lists is what the requests of the real
run are."""

import json
from pathlib import Path

import pytest
from helpers import git

from forge.hub import NAME, OWNER, Hub, Request
from sweeptree.cli.app import run_command_line

MOST = ["--repo", "ada/ecg", "--base", "main", "--body", "Because."]
FULL = ["--labels", "auto-results,overnight", "--reviewers", "grace,linus"]


@pytest.fixture
def here(
    hub: Hub, worktree: Path, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The worktree; this process stands in its clone and has the forge's token."""
    monkeypatch.chdir(clone)
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GH_HOST", hub.url.removeprefix("http://"))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    return worktree


def _done(hub: Hub, request: Request) -> str | None:
    """A request that changed something, in the words of the plan."""
    if request.is_git:
        pushed = request.verb == "POST" and request.path.endswith("receive-pack")
        return f"push wider to {hub.remote}" if pushed else None
    if request.path.endswith("/pulls") and request.verb == "POST":
        kind = "draft pull request" if request.body["draft"] else "pull request"
        return f"open a {kind} in {OWNER}/{NAME}, to {request.body['base']}"
    if request.path.endswith("/labels"):
        return f"add the labels {', '.join(request.body['labels'])}"
    if request.path.endswith("/requested_reviewers"):
        return f"ask {', '.join(request.body['reviewers'])} to review"
    return None if request.verb == "GET" else f"{request.verb} {request.path}"


def _state(hub: Hub, worktree: Path) -> list[object]:
    repositories = (git("for-each-ref", cwd=worktree), git("count-objects", "-v", cwd=worktree))
    return [
        *repositories,
        git("status", "--porcelain", cwd=worktree),
        hub.repo.branches(),
        list(hub.log),
    ]


@pytest.mark.parametrize("words", [FULL, ["--no-draft"], ["--no_gh", *FULL], ["--no_push", *FULL]])
def test_dry_run_lists_exactly_what_the_real_run_then_does(
    hub: Hub, here: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    call, before = ["pr", str(here), "wider", "Wider", "--json", *words], _state(hub, here)
    assert run_command_line([*call, "--dry_run"]) == 0
    planned = json.loads(capsys.readouterr().out)["steps"]
    assert _state(hub, here) == before and hub.log == []
    assert run_command_line(call) == 0
    commit = json.loads(capsys.readouterr().out)["commit"]
    brought = git("diff", "--name-only", "main", commit, cwd=here).split()
    first = f"commit {len(brought)} files on {git('rev-parse', 'HEAD', cwd=here)[:12]} as wider"
    assert planned == [first, *filter(None, (_done(hub, request) for request in hub.log))]


@pytest.mark.parametrize(
    ("before", "after", "draft", "title"),
    [
        ([*MOST, "--title", "Wider", "--draft"], [], True, "Wider"),
        ([*MOST, "--title=Wider", "--no-draft"], [], False, "Wider"),
        (["--body", "Because."], ["Wider as before"], True, "Wider as before"),
        ([], ["Wider as before", *MOST], True, "Wider as before"),
    ],
)
def test_options_that_scripts_already_give_open_a_pull_request(
    hub: Hub, here: Path, before: list[str], after: list[str], draft: bool, title: str
) -> None:
    assert run_command_line(["pr", *before, str(here), "wider", *after]) == 0
    (pull,) = hub.pulls.values()
    assert (pull.draft, pull.title, pull.base, "Because." in pull.body) == (
        draft,
        title,
        "main",
        True,
    )


@pytest.mark.parametrize(
    ("word", "pushed"), [("--no-push", False), ("--no-gh", True), ("--dry-run", None)]
)
def test_options_that_scripts_already_give_stop_where_they_say(
    hub: Hub, here: Path, word: str, pushed: bool | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["pr", word, str(here), "wider"]) == 0
    local = git("for-each-ref", "refs/heads/wider", cwd=here)
    assert (bool(hub.repo.tip("wider")), bool(local), hub.calls) == (
        pushed is True,
        pushed is not None,
        [],
    )
    assert ("would" in capsys.readouterr().out) == (word == "--dry-run")


def test_no_token_is_no_failure(
    hub: Hub, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert run_command_line(["pr", str(here), "wider", "Wider"]) == 0
    said = capsys.readouterr()
    assert (
        "the work is on the local branch wider" in said.out
        and "export GH_ENTERPRISE_TOKEN=<token>" in said.err
    )
    assert (git("show", "wider:notes.md", cwd=here), hub.calls) == ("wider", [])
