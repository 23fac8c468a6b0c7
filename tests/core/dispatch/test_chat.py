"""A chat starts commands, waits for them, and turns what they complain about into an error."""

from pathlib import Path

import pytest

from core.dispatch.chat_kit import background, chat_of
from sweeptree.dispatch.chat import errors_of, trouble_of
from sweeptree.errors import Refused, UsageError


def test_a_quick_question_leaves_nothing(repo: Path, tmp_path: Path) -> None:
    chat = chat_of(repo, tmp_path)
    document = chat.ask("status", ("status", "--json"))
    assert document["sweeps"] == [] and chat.calls() == []


def test_what_a_command_complains_about_is_raised_with_its_hint(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sweep 'nope'") as refused:
        chat_of(repo, tmp_path).ask("status", ("status", "nope", "--json"))
    assert refused.value.hint


def test_an_exit_code_3_is_a_refusal(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('x\\nsweeptree: not now\\n  do this\\n'); sys.exit(3)"
    call = background(tmp_path, code)
    call.wait(20)
    trouble = trouble_of(call)
    assert isinstance(trouble, Refused)
    assert (trouble.message, trouble.hint) == ("not now", ("do this",))


def test_without_a_complaint_the_last_lines_are_told(tmp_path: Path) -> None:
    call = background(tmp_path, "raise SystemExit('gone')")
    call.wait(20)
    assert errors_of(call) == ("it ended with exit code 1\ngone", ())


def test_it_tells_how_long_a_call_has_run(tmp_path: Path) -> None:
    told: list[str] = []
    call = background(tmp_path, "import time; time.sleep(600)")
    chat = chat_of(tmp_path, tmp_path)
    type(chat)(chat.top, chat.chats, lambda *said: told.append(said[2])).wait(call, 1.4)
    call.stop(1.0)
    assert told and told[0].startswith("running for")
