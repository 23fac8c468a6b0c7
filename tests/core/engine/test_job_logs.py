"""What a job's task run has in its log: the command and the end of what was printed."""

from pathlib import Path

from core.sweep.kit import opened
from sweeptree.engine.job_logs import LINES, MAX_BYTES, log_text, show_log
from sweeptree.model import JobState, Outcome

END = "2026-01-01T00:00:00+00:00"
TOKEN = "ghp_" + "a" * 36


def text_of(repo: Path, printed: bytes, command: str = "python3 train.py") -> list[str]:
    with opened(repo, command) as sweep:
        job = sweep.job(0)
        job.paths.log(0).write_bytes(printed)
        return log_text(job).split("\n")


def test_the_command_comes_first_then_where_the_whole_log_is(repo: Path) -> None:
    command, where, *printed = text_of(repo, b"epoch 1\nepoch 2\n")
    assert command == "$ python3 train.py"
    assert where.startswith("the end of /")
    assert where.endswith("job_0.log   (sweeptree logs exp:0)")
    assert printed == ["epoch 1", "epoch 2"]


def test_only_the_last_lines_are_shown(repo: Path) -> None:
    printed = text_of(repo, b"".join(b"line %d\n" % n for n in range(200)))[2:]
    assert (len(printed), printed[0], printed[-1]) == (LINES, "line 150", "line 199")


def test_long_lines_are_bounded_in_bytes(repo: Path) -> None:
    assert len("\n".join(text_of(repo, b"x" * 10 * MAX_BYTES))) < MAX_BYTES + 1000


def test_escapes_and_overwritten_progress_are_gone(repo: Path) -> None:
    printed = text_of(repo, b"\x1b[32m 10%\r 99%\r100%\x1b[0m\r\n\x1b]0;title\x07done\n")[2:]
    assert printed == ["100%", "done"]


def test_no_secret_is_shown(repo: Path) -> None:
    text = "\n".join(text_of(repo, f"token {TOKEN}\n".encode(), f"true --key {TOKEN}"))
    assert TOKEN not in text
    assert text.count("[secret]") == 2


def test_a_silent_job_is_said_to_be_so(repo: Path) -> None:
    assert text_of(repo, b"")[1].startswith("nothing in /")


def test_without_a_task_run_nothing_happens(repo: Path) -> None:
    outcome = Outcome(JobState.SUCCEEDED, 0, None, None, None, END, 1.5, None)
    with opened(repo, "true") as sweep:
        show_log(sweep.job(0), outcome)
