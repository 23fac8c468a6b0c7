"""What users may give as commands, and what is refused."""

import contextlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plan.plan_kit import jobs
from sweeptree import plan
from sweeptree.errors import UsageError


def refused(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        plan.load_commands(text, None)
    return caught.value.message


def test_inline_file_and_stdin_give_the_same_commands(tmp_path: Path) -> None:
    text = '["echo hello", "echo wörld"]'
    file = tmp_path / "commands.json"
    file.write_text(text, encoding="utf-8")
    assert plan.load_commands(text, None) == ("echo hello", "echo wörld")
    assert (
        plan.load_commands(str(file), None)
        == plan.load_commands("-", io.StringIO(text))
        == ("echo hello", "echo wörld")
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "empty list"),
        ('["a", 3]', "entry 1 is a number"),
        ('["a", ["b"]]', "entry 1 is a list"),
        ('["a", null]', "entry 1 is null"),
        ('["a", "  "]', "entry 1: a command is empty"),
        ('["a\\u0000b"]', "entry 0: a command holds a NUL byte"),
        ('["\\ud800"]', "lone surrogate"),
        ('["a"', "not a JSON list"),
        ("[" * 100_000, "nested too deeply"),
        ("nowhere.json", "taken for the path of a file"),
        ("a\0b", "taken for the path of a file"),
        ("x" * 5000, "taken for the path of a file"),
        ("-", "standard input"),
        ("[" + ",".join(['"a"'] * 100_001) + "]", "100,001 jobs"),
    ],
)
def test_bad_commands_are_refused(text: str, says: str) -> None:
    assert says in refused(text)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a": 1}', "an object"),
        (b'\xff\xfe[\x00"', "byte order mark"),
        (b'\xef\xbb\xbf["true"]', "byte order mark"),
        (b'["\xff"]', "not UTF-8"),
        (b"", "not a JSON list"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, data: bytes, says: str) -> None:
    file = tmp_path / "commands.json"
    file.write_bytes(data)
    assert says in refused(str(file))


def test_a_file_beyond_64_mb_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "commands.json"
    with file.open("wb") as stream:
        stream.truncate(plan.MAX_COMMANDS_BYTES + 1)
    assert "larger than 64 MB" in refused(str(file))


@given(st.text(max_size=60))
def test_no_text_makes_anything_but_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        plan.load_commands("[" + text, None)


@pytest.mark.slow
def test_ten_thousand_commands_keep_their_order() -> None:
    commands = [f"python t.py --lr {i // 5}e-4 --seed {i % 5}" for i in range(10_000)]
    made = jobs(*plan.load_commands(json.dumps(commands), None))
    assert [job.index for job in made] == list(range(10_000))
    assert len({job.config_id for job in made}) == 2000


def test_a_text_file_holds_one_command_a_line(tmp_path: Path) -> None:
    file = tmp_path / "commands.txt"
    file.write_text("# two jobs\nt --lr 1\r\n\n  t --lr 2\n")
    assert plan.load_commands(str(file)) == ("t --lr 1", "t --lr 2")


def test_a_text_file_without_a_command_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "commands.txt"
    file.write_text("# nothing\n")
    with pytest.raises(UsageError, match="there is nothing to run"):
        plan.load_commands(str(file))
