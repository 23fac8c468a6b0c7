"""What the forge refuses is told in plain words, rate limits are waited for within bounds, writes
are not repeated."""

from dataclasses import replace
from pathlib import Path

import pytest

from forge.hub import Fault, Hub
from sweeptree.errors import ForgeError, PushError
from sweeptree.publish.delivery import Context, Options, deliver
from sweeptree.publish.forge.pace import Pace

PLAIN = Options(title="Wider", labels=("x",))


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (
            Fault("GET", "/pulls$", 404, message="Not Found"),
            "not-found",
            "GH_ENTERPRISE_TOKEN may not see it",
        ),
        (
            Fault("POST", "/pulls$", 403, message="Resource not accessible by token"),
            "forbidden",
            "may not do this",
        ),
        (
            Fault(
                "POST",
                "/pulls$",
                403,
                message="GitHub Actions is not permitted to create pull requests.",
            ),
            "forbidden",
            "lets no workflow open",
        ),
        (Fault("POST", "/pulls$", 422, message="Validation Failed"), "invalid", "did not accept"),
        (Fault("GET", "/pulls$", 500, times=9), "network", "in trouble"),
        (Fault("GET", "/pulls$", "drop", times=9), "network", "cannot be reached"),
        (
            Fault("POST", "/pulls$", 429, headers={"Retry-After": "999"}),
            "rate-limit",
            "for 999 s more",
        ),
    ],
)
def test_refusals_are_readable(
    hub: Hub, worktree: Path, context: Context, fault: Fault, kind: str, said: str
) -> None:
    hub.faults.append(fault)
    with pytest.raises(ForgeError) as failed:
        deliver(worktree, "wider", PLAIN, context)
    assert (failed.value.kind, failed.value.exit_code) == (kind, 4)
    assert said in failed.value.message and failed.value.hint


def test_retry_after_of_a_secondary_limit_is_obeyed(
    hub: Hub, worktree: Path, context: Context
) -> None:
    waits: list[float] = []
    message = "You have exceeded a secondary rate limit."
    hub.faults.append(Fault("POST", "/pulls$", 403, headers={"Retry-After": "3"}, message=message))
    assert context.pace is not None
    pace = Pace(context.pace.lock, interval=0.0, max_wait=5.0, sleep=waits.append)
    assert deliver(worktree, "wider", PLAIN, replace(context, pace=pace)).state == "opened"
    assert (waits, len(hub.pulls)) == ([3.0], 1)


def test_waits_are_bounded(hub: Hub, worktree: Path, context: Context) -> None:
    waits: list[float] = []
    hub.faults.append(Fault("GET", "/pulls$", 429, headers={"Retry-After": "2"}, times=99))
    assert context.pace is not None
    pace = Pace(context.pace.lock, interval=0.0, max_wait=5.0, sleep=waits.append)
    with pytest.raises(ForgeError, match="rate limit"):
        deliver(worktree, "wider", PLAIN, replace(context, pace=pace))
    assert waits == [2.0, 2.0]


def test_writes_are_kept_apart(hub: Hub, worktree: Path, context: Context) -> None:
    waits: list[float] = []
    assert context.pace is not None
    pace = Pace(context.pace.lock, interval=900.0, sleep=waits.append)
    deliver(worktree, "wider", replace(PLAIN, reviewers=("grace",)), replace(context, pace=pace))
    assert len(waits) == 2 and all(0 < wait <= 900 for wait in waits)


def test_repository_without_drafts_gets_an_open_one(
    hub: Hub, worktree: Path, context: Context
) -> None:
    hub.has_drafts = False
    done = deliver(worktree, "wider", PLAIN, context)
    assert not hub.pulls[1].draft and "no draft" in done.warnings[0]


def test_label_that_is_refused_is_a_warning(hub: Hub, worktree: Path, context: Context) -> None:
    done = deliver(worktree, "wider", replace(PLAIN, labels=("y" * 60,)), context)
    assert done.state == "opened" and len(done.warnings) == 1


def test_protected_branch_says_so(hub: Hub, worktree: Path, context: Context) -> None:
    hub.repo.protect("wider")
    with pytest.raises(PushError) as failed:
        deliver(worktree, "wider", PLAIN, context)
    assert failed.value.kind == "refused" and "GH006" in failed.value.message
    assert hub.pulls == {}


def test_unreachable_remote(hub: Hub, worktree: Path, context: Context) -> None:
    hub.faults.append(Fault("GET", "info/refs", 503, times=9))
    with pytest.raises(PushError) as failed:
        deliver(worktree, "wider", PLAIN, context)
    assert failed.value.kind == "network"
