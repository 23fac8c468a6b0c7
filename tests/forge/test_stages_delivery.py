"""A sweep's stages with a forge: real jobs, real branches, pull requests in the records."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import git

from forge.hub import Fault, Hub
from sweeptree.analysis.aggregate import aggregate
from sweeptree.errors import Refused, SweeptreeError, WorktreeGone
from sweeptree.model import JobRecord, SweepSpec
from sweeptree.records import SweepStore, read_json
from sweeptree.settings import Settings
from sweeptree.sweep import adoption, job_delivery, stages
from sweeptree.sweep.preflight import prepare
from sweeptree.sweep.running import Chain, Sweep
from sweeptree.worktrees import Pool


class Rig:
    """A sweep over the clone; `deliver` takes a job through all stages."""

    def __init__(
        self, clone: Path, commands: list[str], *, resume: bool = False, **fields: object
    ) -> None:
        spec = SweepSpec.model_validate(
            {
                "exp_name": "exp",
                "repo": clone,
                "use_worktree": True,
                "commit_and_pr": True,
                "commands": commands,
                **fields,
            }
        )
        self.prepared = prepare(spec, Settings(slot_dir=clone.parent / "slots"), resume=resume)
        self.store = SweepStore.open(self.prepared.paths)
        self.pool = Pool(self.prepared.repo, self.prepared.base, "exp", size=1)
        self.pool.open()
        self.sweep = Sweep(self.prepared, self.store, self.pool)

    def ran(self, index: int = 0) -> Chain:
        chain = Chain(self.sweep, self.prepared.jobs[index])
        stages.prepare_worktree(chain)
        stages.run_command(chain)
        return chain

    def deliver(self, index: int = 0) -> JobRecord:
        chain = self.ran(index)
        if stages.commit(chain):
            stages.label_and_review(chain)
        return stages.finish(chain)

    def failed(self, index: int = 0) -> JobRecord:
        """A job whose delivery fails as the orchestrator sees it."""
        chain = self.ran(index)
        with pytest.raises(SweeptreeError) as trouble:
            stages.commit(chain)
        job_delivery.failed(chain, trouble.value)
        return stages.finish(chain)

    def close(self) -> None:
        self.pool.close()
        self.store.close()


@pytest.fixture
def token(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The forge's token in this process's environment."""
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GH_HOST", hub.url.removeprefix("http://"))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    return hub.token


def test_job_that_changed_code_gets_a_pull_request(hub: Hub, clone: Path, token: str) -> None:
    command = "python3 train.py --lr 3e-4 --seed 7; echo '# tuned' >> train.py"
    rig = Rig(clone, [command], post_pr_labels=("auto",), post_pr_reviewers=("grace",))
    record = rig.deliver()
    rig.close()
    assert (record.pr_number, record.pr_url) == (1, f"{hub.url}/ada/ecg/pull/1")
    assert (hub.pulls[1].labels, hub.pulls[1].reviewers, hub.pulls[1].draft) == (
        ["auto"],
        ["grace"],
        True,
    )
    assert hub.calls == [
        "GET /pulls",
        "POST /pulls",
        "POST /issues/1/labels",
        "POST /pulls/1/requested_reviewers",
    ]
    document = aggregate(rig.prepared.paths)
    assert document["jobs"][0]["pr_url"] in rig.prepared.paths.aggregated_csv.read_text()


def test_body_holds_command_metrics_and_the_way_to_reproduce(
    hub: Hub, clone: Path, token: str
) -> None:
    commands = [f"python3 train.py --lr 3e-4 --seed {seed}; echo x >> train.py" for seed in (1, 2)]
    rig = Rig(clone, commands)
    rig.deliver(0)
    rig.deliver(1)
    rig.close()
    body = hub.pulls[2].body
    wanted = [
        "--seed 2",
        "| val\\_auc | 0.9 ± 0 | 2 |",
        "git worktree add --detach",
        rig.prepared.base.commit[:12],
    ]
    assert [part for part in wanted if part not in body] == []


def test_job_that_changed_nothing_gets_none(hub: Hub, clone: Path, token: str) -> None:
    rig = Rig(clone, ["echo x > made.txt"])
    record = rig.deliver()
    rig.close()
    assert (record.pr_url, hub.log) == (None, [])


def test_artifacts_that_are_asked_for_go_in(hub: Hub, clone: Path, token: str) -> None:
    rig = Rig(
        clone,
        ["mkdir out; echo 1 > out/report.md; echo 2 > out/other.txt"],
        pr_artifacts=("out/*.md",),
    )
    record = rig.deliver()
    rig.close()
    assert record.pr_number == 1
    assert hub.repo.git("diff", "--name-only", "main", str(record.git_branch)).split() == [
        "out/report.md"
    ]


def test_without_a_token_there_is_a_local_branch_and_a_note(hub: Hub, clone: Path) -> None:
    rig = Rig(clone, ["echo x >> train.py"])
    record = rig.deliver()
    rig.close()
    assert record.pr_url is None and record.git_branch in git("branch", "--all", cwd=clone)
    assert "only the branch" in record.notes[0] and hub.log == []


def test_secret_in_a_job_s_work_is_refused(hub: Hub, clone: Path, token: str) -> None:
    rig = Rig(clone, ["echo 'KEY = \"ghp_" + "a1" * 18 + "\"' >> train.py"])
    chain = rig.ran()
    with pytest.raises(Refused, match=r"train\.py:\d+ holds what looks like a GitHub token"):
        stages.commit(chain)
    rig.close()
    assert (hub.log, git("branch", "--list", "sweeptree/*", cwd=clone)) == ([], "")


def test_forge_in_trouble_leaves_the_results_and_pr_finishes_later(
    hub: Hub, clone: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sweeptree.cli.app import run_command_line

    hub.faults.append(Fault("POST", "/pulls$", 404, message="Not Found"))
    rig = Rig(clone, ["echo x >> train.py; echo y > made.txt"])
    record = rig.failed()
    rig.close()
    assert record.exit_code == 0 and record.worktree is not None and record.delivery is not None
    assert (record.delivery.step, record.delivery.finish) == (
        "pull request",
        "sweeptree resume exp",
    )
    monkeypatch.chdir(clone)
    assert run_command_line(["pr", record.worktree, str(record.git_branch)]) == 0
    assert hub.repo.git("diff", "--name-only", "main", str(record.git_branch)).split() == [
        "train.py"
    ]
    again = read_json(rig.prepared.paths.record(0))
    assert (again["pr_number"], len(hub.pulls), again["delivery"]["state"]) == (1, 1, "delivered")
    assert f"{hub.url}/ada/ecg/pull/1" in rig.prepared.paths.aggregated_csv.read_text()


def test_work_that_a_guard_refused_is_kept_and_delivered_once_it_is_mended(
    hub: Hub, clone: Path, token: str
) -> None:
    rig = Rig(clone, ["echo 'KEY = \"ghp_" + "a1" * 18 + "\"' >> train.py"])
    record = rig.failed()
    rig.close()
    assert (
        record.delivery is not None
        and record.delivery.step == "commit"
        and record.worktree is not None
    )
    Path(record.worktree, "train.py").write_text("print('mended')\n")
    again = Rig(clone, list(rig.prepared.spec.commands), resume=True)
    assert job_delivery.owed(again.prepared, [record]) == (0,)
    again.sweep.owed.add(0)
    chain = Chain(again.sweep, again.prepared.jobs[0])
    adoption.take_up_owed(chain)
    stages.commit(chain)
    done = stages.finish(chain)
    again.close()
    assert (done.pr_number, done.worktree, Path(record.worktree).is_dir()) == (
        1,
        record.worktree,
        True,
    )
    assert hub.repo.git("show", f"{done.git_branch}:train.py") == "print('mended')"


def test_work_that_is_gone_says_how_to_make_it_again(hub: Hub, clone: Path, token: str) -> None:
    rig = Rig(clone, ["echo 'KEY = \"ghp_" + "a1" * 18 + "\"' >> train.py"])
    record = rig.failed()
    git("worktree", "remove", "--force", str(record.worktree), cwd=clone)
    with pytest.raises(WorktreeGone) as gone:
        adoption.take_up_owed(Chain(rig.sweep, rig.prepared.jobs[0]))
    rig.close()
    assert "sweeptree resume exp --jobs 0" in gone.value.hint[0]


def test_branch_without_a_forge_is_owed_once_there_is_a_token(
    hub: Hub, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(clone, ["echo x >> train.py"])
    record = rig.deliver()
    rig.close()
    assert job_delivery.owed(rig.prepared, [record]) == ()
    monkeypatch.setenv("GH_HOST", hub.url.removeprefix("http://"))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    assert job_delivery.owed(rig.prepared, [record]) == (0,)


def test_closed_pull_request_is_given_no_labels(hub: Hub, clone: Path, token: str) -> None:
    rig = Rig(clone, ["echo x >> train.py"], post_pr_labels=("auto",))
    chain = rig.ran()
    stages.commit(chain)
    hub.close(1)
    stages.commit(chain)
    assert "left alone" in stages.label_and_review(chain)
    stages.finish(chain)
    rig.close()
    assert hub.pulls[1].labels == []


def test_branches_of_an_earlier_run_count_towards_max_prs(
    hub: Hub, clone: Path, token: str
) -> None:
    rig = Rig(clone, ["echo x >> train.py", "echo y >> train.py"], max_prs=1)
    rig.sweep.count_branches([rig.deliver(0)])
    second = rig.deliver(1)
    rig.close()
    assert second.pr_number is None and "--max_prs 1 is reached" in second.notes[-1]


def test_best_of_a_sweep_carries_the_leaderboard(hub: Hub, clone: Path, token: str) -> None:
    metric = 'echo "{\\"step\\": 1, \\"val_auc\\": %s}" >> $SWEEPTREE_METRICS'
    report = f"{metric}; echo %s >> train.py; true --lr %s"
    commands = [report % (value, value, rate) for value, rate in (("0.8", "1e-3"), ("0.9", "3e-4"))]
    rig = Rig(clone, commands, metric="val_auc:max", commit_and_pr=False)
    for index in (0, 1):
        chain = rig.ran(index)
        stages.commit(chain)
        stages.finish(chain)
    aggregate(rig.prepared.paths)
    assert hub.log == []
    done = job_delivery.deliver_best(rig.sweep)
    rig.close()
    assert done is not None and done.pull is not None and len(hub.pulls) == 1
    assert hub.repo.git("show", f"{hub.pulls[1].branch}:train.py").endswith("0.9")
    assert "| rank | config |" in hub.pulls[1].body and "| 0.9 | 1 |" in hub.pulls[1].body
    assert read_json(rig.prepared.paths.record(1))["pr_number"] == 1
