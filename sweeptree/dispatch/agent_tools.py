"""The tools that call an agent: each runs the agent's verb in the background and waits a while for
its report; what takes longer goes on, and is asked for by its handle."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from sweeptree.agents import agent_named
from sweeptree.dispatch.answers import Done
from sweeptree.dispatch.arguments import (
    AutoRunArguments,
    CiFixArguments,
    EcgAction,
    EcgArguments,
    MergeArguments,
    ReviewArguments,
    WorktreesAction,
    WorktreesArguments,
)
from sweeptree.dispatch.call_words import below, words_of
from sweeptree.dispatch.calls import Call, CallState
from sweeptree.dispatch.chat import Chat, trouble_of
from sweeptree.dispatch.sweep_now import results_of
from sweeptree.dispatch.sweep_tools import report_of
from sweeptree.errors import UsageError
from sweeptree.repository import find_repository

_NAME_WORDS, _NAME_LENGTH = 3, 40
_LISTED = "call `worktrees` with the action list to see them"
_DRY = {WorktreesAction.REMOVE, WorktreesAction.CLEAN, WorktreesAction.PULL_REQUEST}
_NAMED = set(WorktreesAction) - {
    WorktreesAction.LIST,
    WorktreesAction.CLEAN,
    WorktreesAction.REPAIR,
}


def auto_run(chat: Chat, arguments: AutoRunArguments) -> Done:
    """Run one command in a worktree of its own."""
    name = arguments.name or _name_for(arguments.command)
    options = arguments.model_dump(exclude={"command", "name"}) | {"name": name, "json": True}
    words = words_of(_verb("auto-runner"), options, [arguments.command])
    call = chat.begin("auto_run", words, sweep=results_of(chat.top) / name)
    return _done(chat, call, (f"call `logs` with the id {name} for the whole log",))


def _name_for(command: str) -> str:
    """A name that tells which command it was, and that no other run has."""
    words = re.findall(r"[A-Za-z0-9]+", command)[:_NAME_WORDS]
    return f"{'-'.join(words)[:_NAME_LENGTH] or 'command'}-{secrets.token_hex(2)}"


def ci_fix(chat: Chat, arguments: CiFixArguments) -> Done:
    """Run the tests, show what fails, and propose a patch."""
    options = arguments.model_dump(exclude={"worktree", "pull_request"}) | {
        "worktree": _worktree(chat, arguments.worktree),
        "pr": arguments.pull_request,
        "json": True,
    }
    call = chat.begin("ci_fix", words_of(_verb("ci-fixer"), options))
    step = "show the failing tests and the patch; with apply_patch true it becomes a draft PR"
    return _done(chat, call, () if arguments.apply_patch else (step,))


def review(chat: Chat, arguments: ReviewArguments) -> Done:
    """Say what is new and wrong in a change."""
    options = arguments.model_dump(exclude={"subject", "worktree"}) | {
        "worktree": _worktree(chat, arguments.worktree),
        "json": True,
    }
    words = words_of(_verb("code-reviewer"), options, [arguments.subject])
    return _done(chat, chat.begin("review", words), ("show the blockers first",))


def merge(chat: Chat, arguments: MergeArguments) -> Done:
    """Test the result of a merge; land it when told to and all is green."""
    is_worktree = not re.fullmatch(r"#?\d+|https?://\S+", arguments.subject)
    subject = arguments.subject
    if is_worktree:
        subject = str(_worktree(chat, Path(arguments.subject)))
    only_looks = arguments.dry_run and not (is_worktree and arguments.run_tests)
    options = arguments.model_dump(include={"base", "method", "test_command", "timeout"}) | {
        "dry_run": only_looks,
        "yes": not arguments.dry_run,
        "json": True,
    }
    call = chat.begin("merge", words_of(_verb("merge-assistant"), options, [subject]))
    step = "show the diff and what stands in the way; when the person agrees, dry_run false lands"
    return _done(chat, call, (step,) if arguments.dry_run else ())


def worktrees(chat: Chat, arguments: WorktreesArguments) -> Done:
    """List, make, clean up and bring back worktrees, or open a pull request of one."""
    action = arguments.action
    if action in _NAMED and arguments.name is None:
        raise UsageError(f"{action}: which worktree is not said", hint=_LISTED)
    if action is WorktreesAction.PULL_REQUEST:
        words = _pull_request(chat, arguments)
    else:
        subjects = [arguments.name] if action in _NAMED else []
        verb = [*_verb("worktree-manager"), action.value]
        words = words_of(verb, _worktree_options(arguments), subjects)
    call = chat.begin("worktrees", words)
    is_dry = arguments.dry_run and action in _DRY
    return _done(chat, call, ("show it; dry_run false does it",) if is_dry else ())


def _worktree_options(arguments: WorktreesArguments) -> Mapping[str, object]:
    is_dry = arguments.dry_run
    removal = {"dry_run": is_dry, "yes": not is_dry}
    per_action: dict[WorktreesAction, dict[str, object]] = {
        WorktreesAction.CREATE: {
            "from": arguments.start,
            "branch": arguments.branch,
            "lease_pid": 0,
        },
        WorktreesAction.REMOVE: {**removal},
        WorktreesAction.CLEAN: {
            **removal,
            "merged": arguments.merged,
            "older_than": arguments.older_than,
        },
    }
    return {**per_action.get(arguments.action, {}), "json": True}


def _pull_request(chat: Chat, arguments: WorktreesArguments) -> tuple[str, ...]:
    if arguments.branch is None:
        raise UsageError("pull_request: no branch was named", hint="give a branch")
    options = {
        "title": arguments.title,
        "labels": arguments.labels,
        "reviewers": arguments.reviewers,
        "dry_run": arguments.dry_run,
        "json": True,
    }
    place = _worktree(chat, Path(arguments.name or ""))
    return words_of(["pr"], options, [place, arguments.branch])


def ecg(chat: Chat, arguments: EcgArguments) -> Done:
    """Make PTB-XL ready for training, or judge predictions."""
    shared = {"out": arguments.out, "dry_run": arguments.dry_run, "json": True}
    if arguments.action is EcgAction.CURATE:
        options = arguments.model_dump(include={"source", "rate", "task", "limit"})
        words = words_of(_verb("data-curator"), options | shared)
    else:
        options = {"command": arguments.command, "data": arguments.data, **shared}
        places = [below(chat.top, path, "predictions") for path in arguments.predictions]
        words = words_of(_verb("diagnostic-evaluator"), options, places)
    return _done(chat, chat.begin("ecg", words), ())


def _verb(agent: str) -> list[str]:
    return [agent_named(agent).verb]


def _worktree(chat: Chat, given: Path | None) -> Path | None:
    """A worktree of the repository, wherever it is. Raises UsageError for any other place."""
    if given is None:
        return None
    place = (chat.top / given).resolve()
    if not place.is_dir():
        raise UsageError(f"there is no worktree {given}", hint=_LISTED)
    if find_repository(place).common_dir != find_repository(chat.top).common_dir:
        raise UsageError(f"{given} is no worktree of {chat.top}", hint=_LISTED)
    return place


def _done(chat: Chat, call: Call, steps: tuple[str, ...]) -> Done:
    """Wait a while; the report where it came, else the handle. Raises what the command said went
    wrong where it reports nothing."""
    state = chat.wait(call)
    if state is CallState.RUNNING:
        message = f"{call.handle} is still at work"
        return _answer(call, message, (f"call `status` with the id {call.handle}",))
    document = call.document()
    if document is None:
        raise trouble_of(call)
    report = report_of(document)
    return _answer(call, _sentence(report, call), steps, report)


def _answer(
    call: Call, message: str, steps: tuple[str, ...], report: dict[str, object] | None = None
) -> Done:
    return Done(
        message=message,
        next=steps,
        id=call.handle,
        state=call.state,
        exit_code=call.exit_code,
        seconds=round(call.seconds, 1),
        report=report,
    )


def _sentence(report: dict[str, object] | None, call: Call) -> str:
    state, reason = (report or {}).get("state"), (report or {}).get("reason")
    told = [str(part) for part in (state, reason) if part]
    return ": ".join(told) or f"done, with exit code {call.exit_code}"
