"""Why a command failed, in words."""

from pathlib import Path

import pytest

from core.keeper_kit import Kit, fill
from sweeptree.model import JobState
from sweeptree.supervise import causes
from sweeptree.supervise.causes import OomWatch, explain, full_disk, group_oom_kills


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


@pytest.mark.parametrize(
    ("membership", "file", "content"),
    [
        ("0::/user/job", "user/job/memory.events", "oom 4\noom_kill 3\n"),
        ("4:cpu,memory:/a", "memory/a/memory.oom_control", "under_oom 0\noom_kill 3\n"),
    ],
)
def test_the_kills_of_a_control_group(
    tmp_path: Path, membership: str, file: str, content: str
) -> None:
    ours, counter = tmp_path / "cgroup", tmp_path / file
    ours.write_text(f"1:name=systemd:/\n{membership}\n")
    assert group_oom_kills(str(ours), str(tmp_path)) == 0  # it cannot be read
    counter.parent.mkdir(parents=True)
    counter.write_text(content)
    assert group_oom_kills(str(ours), str(tmp_path)) == 3


def test_a_child_killed_for_memory_is_the_cause_of_its_parents_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = OomWatch()
    assert not watch.killed(1)
    monkeypatch.setattr(causes, "group_oom_kills", lambda: 10**6)
    assert (watch.killed(1), watch.killed(0)) == (True, False)
    reason = explain(1, "", out_of_memory=True)
    assert reason == "out of host memory: a process was killed by SIGKILL (exit code 1)"


def test_a_full_disk_is_named(tmp_path: Path, tiny_disk: Path) -> None:
    fill(tiny_disk / "ballast")
    said = full_disk(str(tmp_path), str(tiny_disk))
    assert said.endswith(f" is full: 0 MB are free at {tiny_disk}")
    assert full_disk(str(tmp_path), str(tmp_path / "gone")) == ""


def test_a_job_that_fails_on_a_full_disk_says_so(kit: Kit, tiny_disk: Path) -> None:
    outcome, _ = kit.run("dd if=/dev/zero of=ballast bs=1k 2>/dev/null", cwd=tiny_disk)
    reason = outcome.reason or ""
    assert reason.startswith("exit code 1; the disk of ")
    assert reason.endswith(f" is full: 0 MB are free at {tiny_disk}")
