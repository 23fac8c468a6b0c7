"""The tools `plan` and `start`: what was shown is what runs.

Hides how a plan is kept: the spec that it was made of, whole (with what the repository's
sweeptree.toml and a commands file said then), pinned to its commit.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sweeptree.dispatch.answers import Plan, PlannedJob, Started
from sweeptree.dispatch.arguments import StartArguments
from sweeptree.dispatch.call_words import below, words_of
from sweeptree.dispatch.calls import Call, CallState
from sweeptree.dispatch.chat import Chat, trouble_of
from sweeptree.dispatch.chat_folder import Kind, read_about, write_about
from sweeptree.errors import Refused
from sweeptree.model import ExitCode
from sweeptree.records import SweepPaths, holder
from sweeptree.system.files import write_json

_SHOWN_JOBS = 20
_STARTS_WITHIN = 2.4
_LOOK_SECONDS = 0.1
_ENDS_OF_SWEEPS = (ExitCode.OK, ExitCode.JOBS_FAILED, ExitCode.STEP_FAILED, ExitCode.TIME_LIMIT)
_PATHS = ("commands_file", "results_dir", "auto_fix_script")
_AGAIN = "call `plan` again, and show the new plan"


def plan(chat: Chat, arguments: BaseModel) -> Plan:
    """Plan a sweep; nothing is changed."""
    given = arguments.model_dump(mode="json", exclude_unset=True)
    for name in _PATHS:
        if given.get(name) is not None:
            given[name] = str(below(chat.top, Path(given[name]), name))
    given["use_worktree"] = getattr(arguments, "use_worktree", True)
    folder = chat.chats.make(Kind.PLAN)
    write_json(folder / "asked.json", given)
    document = chat.ask("plan", _dry_run(folder / "asked.json"))
    pinned = {**document["spec"], "base": document["base"]["commit"]}
    write_json(folder / "spec.json", pinned)
    write_about(folder, {**document, "top": str(chat.top)})
    return _answer(folder.name, document)


def _dry_run(spec: Path) -> tuple[str, ...]:
    return words_of(["run"], {"spec": spec, "dry_run": True, "json": True})


def _answer(handle: str, document: dict[str, Any]) -> Plan:
    jobs, problems = document["jobs"], [_problem(each) for each in document["refusals"]]
    message = (
        f"Plan {handle}: {document['exp_name']}, {len(jobs)} jobs, {document['parallel']} at a "
        f"time, at {document['base']['commit'][:12]}. Nothing has been changed."
    )
    return Plan(
        message=message,
        next=_steps(handle, document, bool(problems)),
        plan_id=handle,
        exp_name=document["exp_name"],
        would_start=document["would_start"],
        problems=tuple(problems),
        warnings=tuple(document["notes"]),
        publishes=document["publishes"],
        commit=document["base"]["commit"],
        parallel=document["parallel"],
        gpus_per_job=document["gpus_per_job"],
        results=Path(document["results"]),
        n_jobs=len(jobs),
        jobs=tuple(PlannedJob(**_fields(job)) for job in jobs[:_SHOWN_JOBS]),
    )


def _fields(job: dict[str, Any]) -> dict[str, Any]:
    return {name: job[name] for name in ("id", "cmd", "config_id", "seed")}


def _problem(refusal: dict[str, Any]) -> str:
    return "; ".join([refusal["message"], *refusal["hint"]])


def _steps(handle: str, document: dict[str, Any], is_stuck: bool) -> tuple[str, ...]:
    if is_stuck:
        return ("put the problems right, then call `plan` again",)
    consent = " and publish true" if document["publishes"] else ""
    return (
        "show the plan to the person",
        f"when they agree, call `start` with plan_id {handle}{consent}",
    )


def start(chat: Chat, arguments: StartArguments) -> Started:
    """Start exactly what a plan showed. The sweep goes on when the chat ends.

    Raises Refused where the plan no longer holds, or publishes and nobody agreed to that.
    """
    begun = time.monotonic()
    folder = chat.chats.find(arguments.plan_id, Kind.PLAN)
    planned = read_about(folder)
    _check(chat, planned, arguments)
    paths = SweepPaths(Path(planned["results"]))
    _check_uncommitted(chat, folder, planned)
    words = words_of(["run"], {"spec": folder / "spec.json"})
    call = chat.begin("start", words, sweep=paths.root)
    _await_start(call, paths, begun + _STARTS_WITHIN)
    name = planned["exp_name"]
    return Started(
        message=f"{name} runs in the background as {call.handle}.",
        next=(f"call `status` with the id {call.handle}",),
        id=call.handle,
        exp_name=name,
        results=paths.root,
    )


def _check(chat: Chat, planned: dict[str, Any], arguments: StartArguments) -> None:
    if planned.get("top") != str(chat.top):
        raise Refused("this plan is of another repository", hint=_AGAIN)
    if not planned["would_start"]:
        problems = "; ".join(_problem(each) for each in planned["refusals"])
        raise Refused(f"the plan says what stands in the way: {problems}", hint=_AGAIN)
    if planned["publishes"] and not arguments.publish:
        raise Refused(
            f"this sweep publishes: {planned['publishes']}",
            hint="ask the person; when they agree, call `start` again with publish true",
        )


def _check_uncommitted(chat: Chat, folder: Path, planned: dict[str, Any]) -> None:
    """A snapshot is taken at the start: what it would hold must be what the plan saw."""
    if planned["uncommitted"] is None:
        return
    now = chat.ask("start", _dry_run(folder / "spec.json"))
    if now["uncommitted"] != planned["uncommitted"]:
        raise Refused("uncommitted files have changed since the plan", hint=_AGAIN)


def _await_start(call: Call, paths: SweepPaths, deadline: float) -> None:
    """Give it the time in which it says that it cannot start. Raises what it said."""
    while holder(paths) is None and time.monotonic() < deadline:
        if call.wait(_LOOK_SECONDS) is not CallState.RUNNING:
            break
    is_over = call.state is not CallState.RUNNING
    if is_over and call.exit_code not in _ENDS_OF_SWEEPS:
        raise trouble_of(call)
