"""A job's stages in plain Python: real git, real keepers, real records; no engine."""

import json
import threading
import time
from pathlib import Path

import pytest
from helpers import git

from sweeptree.model import JobState, SweepSpec
from sweeptree.records import SweepStore, read_record
from sweeptree.settings import Settings
from sweeptree.sweep import stages
from sweeptree.sweep.preflight import prepare
from sweeptree.sweep.running import Chain, Sweep
from sweeptree.worktrees import Pool


class Rig:
    """One sweep with a pool of one worktree; `chain` puts its first job through the first two
    stages."""

    def __init__(self, repo: Path, **fields: object) -> None:
        fields.setdefault("use_worktree", True)
        spec = SweepSpec.model_validate({"exp_name": "exp", "repo": repo, "grace": 0.2, **fields})
        self.prepared = prepare(spec, Settings(slot_dir=repo.parent / "slots"))
        self.store = SweepStore.open(self.prepared.paths)
        self.pool = (
            Pool(self.prepared.repo, self.prepared.base, "exp", size=1)
            if spec.use_worktree
            else None
        )
        if self.pool:
            self.pool.open()
        self.sweep = Sweep(self.prepared, self.store, self.pool)

    def chain(self) -> Chain:
        chain = Chain(self.sweep, self.prepared.jobs[0])
        stages.prepare_worktree(chain)
        stages.run_command(chain)
        return chain

    def close(self) -> None:
        if self.pool:
            self.pool.close()
        self.store.close()


def run_one(repo: Path, command: str, **fields: object) -> Chain:
    rig = Rig(repo, commands=[command], **fields)
    chain = rig.chain()
    stages.finish(chain)
    rig.close()
    return chain


def test_a_job_leaves_record_log_metrics_and_artifacts(repo: Path) -> None:
    chain = run_one(
        repo, "python3 train.py --lr 3e-4 --seed 7; echo weights > model.txt", metric="val_auc:max"
    )
    paths = chain.sweep.paths
    record = read_record(paths.record(0))
    assert (record.state, record.exit_code, record.seed) == (JobState.SUCCEEDED, 0, 7)
    assert record.metrics["val_auc"] == 0.9
    assert record.artifacts == ("model.txt",)
    assert (paths.artifacts(0) / "model.txt").read_text() == "weights\n"
    assert paths.log(0).read_text() == "trained --lr 3e-4 --seed 7\n"
    assert record.base_commit == git("rev-parse", "HEAD", cwd=repo)


def test_a_failing_command_is_data(repo: Path) -> None:
    record = run_one(repo, "exit 3").record
    assert record is not None
    assert (record.state, record.exit_code, record.reason) == (JobState.FAILED, 3, "exit code 3")


def test_a_timeout_is_told_from_a_failure(repo: Path) -> None:
    record = run_one(repo, "sleep 30", timeout=0.2).record
    assert record is not None
    assert record.state is JobState.TIMED_OUT


def test_a_failed_job_that_left_something_keeps_its_worktree(repo: Path) -> None:
    record = run_one(repo, "echo half > half.txt; exit 1").record
    assert record is not None
    assert record.worktree is not None
    assert (Path(record.worktree) / "half.txt").read_text() == "half\n"


def test_a_job_without_leftovers_gives_its_worktree_back(repo: Path) -> None:
    record = run_one(repo, "exit 1").record
    assert record is not None
    assert record.worktree is None
    assert git("worktree", "list", cwd=repo).count("\n") == 0


def test_a_failed_setup_stops_the_job_and_says_so(repo: Path) -> None:
    record = run_one(repo, "echo never > ran", setup="echo no >&2; exit 9").record
    assert record is not None
    assert record.reason == "the setup command failed: exit code 9"
    assert record.artifacts == ()


def test_setup_runs_before_the_command_in_its_worktree(repo: Path) -> None:
    record = run_one(repo, "cat prepared", setup="echo ready > prepared").record
    assert record is not None
    assert record.state is JobState.SUCCEEDED


def test_auto_fix_runs_in_the_worktree_and_its_failure_stops_nothing(repo: Path) -> None:
    (repo / "fix.sh").write_text("echo fixed > fixed.txt; exit 4\n")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "fix", cwd=repo)
    rig = Rig(repo, commands=["true"], auto_fix_before_pr=True, auto_fix_script="fix.sh")
    chain = rig.chain()
    stages.auto_fix(chain)
    assert chain.worktree is not None
    assert (chain.worktree.top / "fixed.txt").exists()
    record = stages.finish(chain)
    rig.close()
    assert record.state is JobState.SUCCEEDED
    assert record.auto_fix is not None
    assert record.auto_fix["exit_code"] == 4


def test_a_missing_auto_fix_script_is_recorded(repo: Path) -> None:
    rig = Rig(repo, commands=["true"], auto_fix_before_pr=True)
    chain = rig.chain()
    assert stages.auto_fix(chain) is None
    rig.close()
    assert chain.record is not None
    assert chain.record.auto_fix is not None
    assert chain.record.auto_fix["reason"] == "there is no such script"


def test_what_a_job_changed_lands_on_its_own_branch(repo: Path) -> None:
    rig = Rig(repo, commands=["echo '# tuned' >> train.py"], commit_and_pr=True)
    chain = rig.chain()
    branch = stages.commit(chain)
    record = stages.finish(chain)
    rig.close()
    assert branch is not None
    assert record.git_branch == branch.name
    assert branch.name.startswith("sweeptree/exp/0-")
    assert git("show", f"{branch.name}:train.py", cwd=repo).endswith("# tuned")
    assert git("status", "--porcelain", cwd=repo) == ""


def test_the_same_job_gets_the_same_branch_name(repo: Path) -> None:
    rig = Rig(repo, commands=["true"])
    first, second = (stages.branch_name(Chain(rig.sweep, rig.prepared.jobs[0])) for _ in range(2))
    rig.close()
    assert first == second


def test_max_prs_bounds_the_branches(repo: Path) -> None:
    rig = Rig(repo, commands=["echo x >> train.py"], commit_and_pr=True, max_prs=0)
    chain = rig.chain()
    assert stages.commit(chain) is None
    record = stages.finish(chain)
    rig.close()
    assert record.notes == ("no branch: --max_prs 0 is reached",)


def test_a_second_attempt_is_numbered_and_the_first_one_s_log_is_put_aside(repo: Path) -> None:
    rig = Rig(
        repo, commands=["echo try $SWEEPTREE_ATTEMPT; test $SWEEPTREE_ATTEMPT = 2"], retries=1
    )
    chain = rig.chain()
    assert chain.attempts_left
    stages.finish(chain)
    stages.prepare_worktree(chain)
    stages.run_command(chain)
    record = stages.finish(chain)
    rig.close()
    assert [a.state for a in record.attempts] == [JobState.FAILED, JobState.SUCCEEDED]
    assert rig.prepared.paths.log(0).read_text() == "try 2\n"
    assert rig.prepared.paths.attempt(0, 1, "log").read_text() == "try 1\n"


def test_a_stop_reaches_a_job_that_is_only_now_starting(repo: Path) -> None:
    rig = Rig(repo, commands=["sleep 60"])
    rig.sweep.stop("cancelled")
    record = rig.chain().record
    rig.close()
    assert record is not None
    assert record.state is JobState.CANCELLED


def test_asking_again_to_stop_does_not_cut_the_grace_short(repo: Path) -> None:
    rig = Rig(
        repo,
        commands=["trap 'sleep 0.3; echo saved > saved; exit 0' TERM; echo up; sleep 60 & wait"],
        grace=20,
    )
    stopper = threading.Thread(target=stop_again_and_again, args=(rig,))
    stopper.start()
    chain = rig.chain()
    stopper.join()
    record = stages.finish(chain)
    rig.close()
    assert (record.state, record.artifacts) == (JobState.CANCELLED, ("saved",))


def stop_again_and_again(rig: Rig) -> None:
    log = rig.prepared.paths.log(0)
    while not log.exists() or "up" not in log.read_text():
        time.sleep(0.01)
    for _ in range(5):
        rig.sweep.stop("cancelled")
        time.sleep(0.02)


def test_trouble_of_ours_ends_the_job_with_the_reason(repo: Path) -> None:
    rig = Rig(repo, commands=["true"])
    record = stages.give_up(
        Chain(rig.sweep, rig.prepared.jobs[0]), OSError(28, "No space left on device")
    )
    rig.close()
    assert record.state is JobState.FAILED
    assert "No space left" in (read_record(rig.prepared.paths.record(0)).reason or "")


def test_without_worktrees_jobs_run_in_the_repository_and_keep_no_artifacts(repo: Path) -> None:
    record = run_one(repo, "pwd; echo x > made.txt", use_worktree=False).record
    assert record is not None
    assert record.artifacts == ()
    assert (repo / "made.txt").exists()


@pytest.mark.parametrize(
    "command", ["echo 'two  words'", "printf '%s' \"a'b\"", "echo ü\necho second", "true # ; rm"]
)
def test_a_command_runs_as_it_was_written(repo: Path, command: str) -> None:
    record = run_one(repo, command).record
    assert record is not None
    assert (record.cmd, record.state) == (command, JobState.SUCCEEDED)


def test_the_ledger_tells_every_state(repo: Path) -> None:
    chain = run_one(repo, "true")
    lines = [json.loads(line) for line in chain.sweep.paths.ledger.read_text().splitlines()]
    assert [line["state"] for line in lines] == ["running", "succeeded"]
