"""Why a command failed, in words."""

import pytest

from core.keeper_kit import Kit
from sweeptree.model import JobState


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        ("exit 7", 7, "exit code 7"),
        ("kill -9 $$", -9, "killed by SIGKILL"),
        ("kill -SEGV $$", -11, "killed by SIGSEGV"),
        ("sh -c 'kill -TERM $$'; exit $?", 143, "exit code 143 (a process was ended by SIGTERM)"),
        ("no-such-command-here", 127, "not found"),
        ("./plain", 126, "Permission denied"),
    ],
)
def test_failures_are_put_into_words(kit: Kit, command: str, code: int, reason: str) -> None:
    (kit.root / "plain").write_text("not a program")
    outcome, _ = kit.run(command)
    assert (outcome.state, outcome.exit_code) == (JobState.FAILED, code)
    assert reason in (outcome.reason or "")
    assert outcome.signal == (-code if code < 0 else None)
