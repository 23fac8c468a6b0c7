"""The Auto Runner's work: names, several commands as one line, what is kept, what is refused."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import Refused
from sweeptree.model import SweepSpec
from sweeptree.model.report import ReportState
from sweeptree.records import SweepPaths, read_record
from sweeptree.settings import Settings
from sweeptree.sweep.one import (
    AutoRunSpec,
    claim_one,
    drop_claim,
    joined,
    prepare_one,
    run_one,
    stem,
    sweep_spec,
)
from sweeptree.sweep.one_report import RunReport
from sweeptree.sweep.run import WithoutEngine


def ran(repo: Path, command: str, *then: str, **fields: object) -> RunReport:
    """The report on these commands, run without an engine."""
    values = {"repo": repo, "command": command, "then": then, **fields}
    return run_one(AutoRunSpec.model_validate(values), WithoutEngine())


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python scripts/generate_presentation_plots.py --dpi 300", "generate_presentation_plots"),
        ("CUDA_VISIBLE_DEVICES= python3 a/b/train.py", "train"),
        ("python -m pkg.train --lr 1", "pkg.train"),
        ("make plots", "make-plots"),
        ("./run.sh --fast", "run.sh"),
        ("/usr/bin/env -i x", "env"),
        ("../../..", "command"),
        ("x" * 100, "x" * 48),
        ("echo a..b; touch ü.lock", "echo-a.b-touch"),
    ],
)
def test_a_name_is_made_from_the_command(command: str, name: str) -> None:
    assert stem(command) == name
    assert AutoRunSpec(command=command, name=name).label == name


def test_a_run_is_a_sweep_of_one_with_the_same_words() -> None:
    spec = sweep_spec(AutoRunSpec(command="true", name="x", gpus=0, timeout=5.0, dirty="ignore"))
    assert (spec.exp_name, spec.commands, spec.use_worktree) == ("x", ("true",), True)
    assert (spec.gpus, spec.timeout, spec.dirty, spec.parallel) == (0, 5.0, "ignore", 1)
    assert spec.keep_worktrees == "changed"


def test_what_is_not_its_own_is_described_as_in_a_sweep() -> None:
    own = {"command", "then", "name", "keep"}
    assert set(AutoRunSpec.model_fields) - own <= set(SweepSpec.model_fields)


def printed(*commands: str) -> tuple[int, list[str]]:
    line = joined(commands)
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True)
    return done.returncode, done.stdout.split()


def test_one_command_is_run_as_written() -> None:
    assert joined(["echo 'a  b' && exit 3"]) == "echo 'a  b' && exit 3"


def test_several_run_one_after_the_other_each_in_a_shell_of_its_own() -> None:
    assert printed("cd /; x=1; exit 0", "echo ${x:-none}") == (0, ["none"])
    assert printed("echo it's", "echo never")[0] == 2  # its own quotes are its own mistake


def test_the_first_that_fails_ends_the_run_with_its_exit_code() -> None:
    assert printed("echo one", "exit 7", "echo never") == (7, ["one"])


def test_a_run_that_changes_nothing_leaves_its_log_and_no_worktree(repo: Path) -> None:
    report = ran(repo, "echo plotted > plot.txt; echo done")
    assert (report.state, report.exit_code, report.reason) == (ReportState.DONE, 0, "exit code 0")
    assert (report.log_tail, report.artifacts) == ("done\n", ("plot.txt",))
    assert (report.worktree, (repo / ".sweeptree").exists()) == (None, False)
    assert git("status", "--porcelain", cwd=repo) == ""


def test_a_changed_file_is_shown_and_its_worktree_kept_whole(repo: Path) -> None:
    report = ran(repo, "echo 'DEPTH = 2' >> ecg/model.py; touch new.txt")
    assert report.worktree is not None and (report.worktree / "new.txt").exists()
    (changed,) = report.changed
    assert (changed.path, changed.added, changed.removed) == ("ecg/model.py", 1, 0)
    assert "+DEPTH = 2" in report.diff
    assert "ecg/model.py  +1 -0" in report.markdown and "    +DEPTH = 2" in report.markdown
    assert (repo / "ecg" / "model.py").read_text() == "WIDTH = 8\n"


def test_a_commit_that_the_command_made_is_a_change_too(repo: Path) -> None:
    report = ran(repo, "echo x > new.py && git add new.py && git commit -qm new")
    assert [file.path for file in report.changed] == ["new.py"]
    assert report.worktree is not None


def test_the_worktree_is_kept_with_all_in_it_on_request(repo: Path) -> None:
    report = ran(repo, "touch made.txt", keep=True)
    assert report.worktree is not None and (report.worktree / "made.txt").exists()
    assert (report.artifacts, report.changed) == (("made.txt",), ())


def test_the_commands_share_a_worktree(repo: Path) -> None:
    report = ran(repo, "echo 1 > step", "cat step && echo 2 > step", "exit 5", "touch never")
    assert (report.exit_code, report.state) == (5, ReportState.FAILED)
    assert report.root is not None
    assert (report.root / "job_0/artifacts/step").read_text() == "2\n"
    assert "never" not in report.artifacts


def test_a_taken_name_is_numbered(repo: Path) -> None:
    assert [ran(repo, "true").name for _ in range(3)] == ["true", "true-2", "true-3"]


def test_a_kept_worktree_takes_its_name_too(repo: Path) -> None:
    (repo / ".sweeptree/wt/true").mkdir(parents=True)
    assert prepare_one(AutoRunSpec(command="true", repo=repo), Settings()).spec.exp_name == "true-2"


def test_two_that_start_at_once_get_two_names(repo: Path) -> None:
    spec, names = AutoRunSpec(command="true", repo=repo), []
    barrier = threading.Barrier(4)

    def claim() -> None:
        barrier.wait()
        names.append(claim_one(spec, Settings()).spec.exp_name)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names) == ["true", "true-2", "true-3", "true-4"]


def test_a_claim_that_came_to_nothing_leaves_nothing(repo: Path) -> None:
    paths = claim_one(AutoRunSpec(command="true", repo=repo), Settings()).paths
    assert paths.root.is_dir()
    drop_claim(paths)
    assert not paths.root.exists()
    ran(repo, "true", name="full")
    drop_claim(SweepPaths(repo / "results" / "full"))
    assert read_record(SweepPaths(repo / "results" / "full").record(0)).exit_code == 0


def test_a_name_that_was_asked_for_and_is_taken_is_refused(repo: Path) -> None:
    ran(repo, "true", name="mine")
    spec = AutoRunSpec(command="true", name="mine", repo=repo)
    with pytest.raises(Refused, match="mine already") as refusal:
        claim_one(spec, Settings())
    assert "--exp_name" not in str(refusal.value.hint)
    assert ran(repo, "true", name="mine").state is ReportState.REFUSED


def test_uncommitted_changes_are_refused_before_anything_is_made(repo: Path) -> None:
    (repo / "train.py").write_text("print('changed')\n")
    with pytest.raises(Refused, match=r"train\.py"):
        ran(repo, "python3 train.py")
    assert not (repo / "results").exists()
    assert ran(repo, "python3 train.py", dirty="snapshot").log_tail == "changed\n"
