"""status, logs, stop and results: from records, and with the next step in the answer."""

import json
import time
from pathlib import Path

import pytest

from core.cli_records import finished_sweep, plan_sweep
from core.dispatch.chat_kit import background, chat_of
from sweeptree.dispatch.arguments import (
    LogsArguments,
    ResultsArguments,
    StatusArguments,
    StopArguments,
)
from sweeptree.dispatch.calls import CallState
from sweeptree.dispatch.chat import Chat
from sweeptree.dispatch.sweep_tools import logs, results, status, stop
from sweeptree.errors import UsageError
from sweeptree.records import SweepStore


@pytest.fixture
def chat(repo: Path, tmp_path: Path) -> Chat:
    return chat_of(repo, tmp_path / "home")


@pytest.fixture
def sweep(chat: Chat) -> str:
    finished_sweep(chat.top / "results", failed=(1,))
    return "unet"


def test_a_sweep_that_has_ended_is_answered_at_once(
    chat: Chat, sweep: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waited"))
    found = status(chat, StatusArguments(id=sweep, wait_s=50))
    assert found.sweeps[0].state == "finished"
    assert found.next[0] == "call `results` with the name unet" and "job 1" in found.next[1]


def test_without_an_id_everything_is_listed(chat: Chat, sweep: str) -> None:
    found = status(chat, StatusArguments())
    assert [each.exp_name for each in found.sweeps] == [sweep]


def test_a_sweep_at_work_is_waited_for_and_told_of(chat: Chat) -> None:
    told: list[tuple[float, float | None, str]] = []
    watched = Chat(chat.top, chat.chats, lambda *said: told.append(said))
    with SweepStore.open(plan_sweep(chat.top / "results")):
        found = status(watched, StatusArguments(id="unet", wait_s=0.6))
    assert found.message == "unet is still at work" and "`stop`" in found.next[1]
    assert told == [(0, 4, "unet: 4 waiting")]


def test_a_call_that_has_ended_gives_its_report(chat: Chat) -> None:
    report = {"report": {"state": "done", "markdown": "# green"}}
    call = background(chat.chats.root.parent, f"print({json.dumps(json.dumps(report))})")
    found = status(chat, StatusArguments(id=call.handle, wait_s=20))
    assert found.report == report["report"] and "# green" in found.page()
    assert found.calls[0].exit_code == 0


def test_a_call_that_failed_says_why(chat: Chat) -> None:
    call = background(chat.chats.root.parent, "raise SystemExit('sweeptree: no room\\n  rm x')")
    found = status(chat, StatusArguments(id=call.handle, wait_s=20))
    assert found.calls[0].errors == "no room\nrm x"


def test_the_log_of_one_job(chat: Chat, sweep: str) -> None:
    (chat.top / "results" / "unet" / "job_2.log").write_text("a\nb\nc\n")
    found = logs(chat, LogsArguments(id=sweep, job=2, tail=2))
    assert found.text.splitlines()[1:] == ["b", "c"]
    assert found.path == chat.top / "results" / "unet" / "job_2.log"


def test_the_logs_of_all_jobs_each_with_its_number(chat: Chat, sweep: str) -> None:
    assert logs(chat, LogsArguments(id=sweep)).text.count("== job ") == 4


def test_a_job_that_there_is_not(chat: Chat, sweep: str) -> None:
    with pytest.raises(UsageError, match="no job 9"):
        logs(chat, LogsArguments(id=sweep, job=9))


def test_the_log_of_a_call_is_what_it_printed(chat: Chat) -> None:
    call = background(chat.chats.root.parent, "print('hello')")
    call.wait(20)
    assert logs(chat, LogsArguments(id=call.handle)).text == "hello"


def test_stop_ends_a_call(chat: Chat) -> None:
    call = background(chat.chats.root.parent, "import time; time.sleep(600)")
    stopped = stop(chat, StopArguments(id=call.handle))
    assert stopped.is_over and call.state is not CallState.RUNNING


def test_nothing_runs_of_what_has_ended(chat: Chat, sweep: str) -> None:
    assert stop(chat, StopArguments(id=sweep)).message == "nothing of unet was running"


@pytest.mark.slow
def test_results_are_made_anew_and_read_back(chat: Chat, sweep: str) -> None:
    found = results(chat, ResultsArguments(name="results/unet"))
    assert found.exit_codes == (0, 1, 0, 0) and found.states == {"succeeded": 3, "failed": 1}
    assert found.leaderboard[0].rank == 1 and "val_auc" in found.leaderboard[0].metrics
    assert {path.name for path in found.files} >= {"aggregated.json", "aggregated.csv"}
    assert chat.calls() == []
