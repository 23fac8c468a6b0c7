"""A sweep's stages with a forge: real jobs, real branches, pull requests in the records."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from core.sweep import kit
from core.sweep.kit import lived, paths_of, ran
from helpers import git

from forge.hub import Fault, Hub
from sweeptree.analysis.aggregate import aggregate
from sweeptree.errors import WorktreeGone
from sweeptree.model import JobRecord
from sweeptree.records import read_json
from sweeptree.sweep import adoption, stages
from sweeptree.sweep.best import deliver_best
from sweeptree.sweep.life import Start
from sweeptree.sweep.owed import owed
from sweeptree.sweep.results import Delivered, SoFar
from sweeptree.sweep.running import Sweep

SECRET = "echo 'KEY = \"ghp_" + "a1" * 18 + "\"' >> train.py"


def opened(clone: Path, *commands: str, **fields: Any) -> AbstractContextManager[Sweep]:
    """A sweep over the clone whose jobs become pull requests."""
    return kit.opened(clone, *commands, **{"commit_and_pr": True, **fields})


def delivered(clone: Path, *commands: str, **fields: object) -> list[JobRecord]:
    """The records of jobs that went through all stages, one after the other."""
    with opened(clone, *commands, **fields) as sweep:
        return [lived(sweep.job(index)) for index in range(len(commands))]


@pytest.fixture
def token(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The forge's token in this process's environment."""
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GH_HOST", hub.url.removeprefix("http://"))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    return hub.token


def test_job_that_changed_code_gets_a_pull_request(hub: Hub, clone: Path, token: str) -> None:
    command = "python3 train.py --lr 3e-4 --seed 7; echo '# tuned' >> train.py"
    people = {"post_pr_labels": ("auto",), "post_pr_reviewers": ("grace",)}
    (record,) = delivered(clone, command, **people)
    assert (record.pr_number, record.pr_url) == (1, f"{hub.url}/ada/ecg/pull/1")
    pull = hub.pulls[1]
    assert (pull.labels, pull.reviewers, pull.draft) == (["auto"], ["grace"], True)
    assert hub.calls == [
        "GET /pulls",
        "POST /pulls",
        "POST /issues/1/labels",
        "POST /pulls/1/requested_reviewers",
    ]
    document = aggregate(paths_of(clone))
    assert document.jobs[0].pr_url in paths_of(clone).aggregated_csv.read_text()


def test_body_holds_command_metrics_and_the_way_to_reproduce(
    hub: Hub, clone: Path, token: str
) -> None:
    commands = [f"python3 train.py --lr 3e-4 --seed {seed}; echo x >> train.py" for seed in (1, 2)]
    records = delivered(clone, *commands)
    body = hub.pulls[2].body
    wanted = [
        "--seed 2",
        "| val\\_auc | 0.9000 ± 0.0000 | 2 |",
        "sweeptree reproduce",
        str(records[0].base_commit)[:12],
    ]
    assert [part for part in wanted if part not in body] == []


def test_job_that_changed_nothing_gets_none(hub: Hub, clone: Path, token: str) -> None:
    (record,) = delivered(clone, "echo x > made.txt")
    assert (record.pr_url, hub.log) == (None, [])


def test_artifacts_that_are_asked_for_go_in(hub: Hub, clone: Path, token: str) -> None:
    command = "mkdir out; echo 1 > out/report.md; echo 2 > out/other.txt"
    (record,) = delivered(clone, command, pr_artifacts=("out/*.md",))
    assert record.pr_number == 1
    changed = hub.repo.git("diff", "--name-only", "main", str(record.git_branch))
    assert changed.split() == ["out/report.md"]


def test_without_a_token_there_is_a_local_branch_and_a_note(hub: Hub, clone: Path) -> None:
    (record,) = delivered(clone, "echo x >> train.py")
    assert record.pr_url is None and record.git_branch in git("branch", "--all", cwd=clone)
    assert "only the branch" in record.notes[0] and hub.log == []


def test_secret_in_a_job_s_work_is_refused(hub: Hub, clone: Path, token: str) -> None:
    (record,) = delivered(clone, SECRET)
    assert record.delivery is not None
    assert "holds what looks like a GitHub token" in str(record.delivery.reason)
    assert (hub.log, git("branch", "--list", "sweeptree/*", cwd=clone)) == ([], "")


def test_forge_in_trouble_leaves_the_results_and_pr_finishes_later(
    hub: Hub, clone: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sweeptree.cli.app import run_command_line

    hub.faults.append(Fault("POST", "/pulls$", 404, message="Not Found"))
    (record,) = delivered(clone, "echo x >> train.py; echo y > made.txt")
    assert record.exit_code == 0 and record.worktree is not None and record.delivery is not None
    again = "sweeptree resume exp"
    assert (record.delivery.step, record.delivery.finish) == ("pull request", again)
    monkeypatch.chdir(clone)
    assert run_command_line(["pr", record.worktree, str(record.git_branch)]) == 0
    changed = hub.repo.git("diff", "--name-only", "main", str(record.git_branch))
    assert changed.split() == ["train.py"]
    after = read_json(paths_of(clone).record(0))
    assert (after["pr_number"], len(hub.pulls), after["delivery"]["state"]) == (1, 1, "delivered")
    assert f"{hub.url}/ada/ecg/pull/1" in paths_of(clone).aggregated_csv.read_text()


def test_work_that_a_guard_refused_is_kept_and_delivered_once_it_is_mended(
    hub: Hub, clone: Path, token: str
) -> None:
    (record,) = delivered(clone, SECRET)
    assert record.delivery is not None and record.delivery.step == "commit"
    assert record.worktree is not None
    Path(record.worktree, "train.py").write_text("print('mended')\n")
    with opened(clone, SECRET, resume=True) as sweep:
        assert owed(sweep.prepared, [record]) == (0,)
        done = lived(sweep.job(0), Start.DELIVERY)
    assert (done.pr_number, done.worktree) == (1, record.worktree)
    assert Path(record.worktree).is_dir()
    assert hub.repo.git("show", f"{done.git_branch}:train.py") == "print('mended')"


def test_work_that_is_gone_says_how_to_make_it_again(hub: Hub, clone: Path, token: str) -> None:
    (record,) = delivered(clone, SECRET)
    git("worktree", "remove", "--force", str(record.worktree), cwd=clone)
    with opened(clone, SECRET, resume=True) as sweep:
        with pytest.raises(WorktreeGone) as gone:
            adoption.take_up_owed(sweep.job(0), SoFar())
        again = lived(sweep.job(0), Start.DELIVERY)
    assert "sweeptree resume exp --jobs 0" in gone.value.hint[0]
    assert again.delivery is not None and gone.value.hint[0].split()[0] in str(
        again.delivery.reason
    )


def test_branch_without_a_forge_is_owed_once_there_is_a_token(
    hub: Hub, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(clone, "echo x >> train.py") as sweep:
        record = lived(sweep.job(0))
    assert owed(sweep.prepared, [record]) == ()
    monkeypatch.setenv("GH_HOST", hub.url.removeprefix("http://"))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    assert owed(sweep.prepared, [record]) == (0,)


def test_closed_pull_request_is_given_no_labels(hub: Hub, clone: Path, token: str) -> None:
    with opened(clone, "echo x >> train.py", post_pr_labels=("auto",)) as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        first = stages.commit_and_pr(job, so_far)
        assert isinstance(first, Delivered)
        hub.close(1)
        again = stages.commit_and_pr(job, so_far.after_delivery(first))
        assert isinstance(again, Delivered)
        reviewed = stages.label_and_review(job, so_far.after_delivery(again))
        stages.finish(job, so_far.after_delivery(again))
    assert "left alone" in reviewed.summary
    assert hub.pulls[1].labels == []


def test_branches_of_an_earlier_run_count_towards_max_prs(
    hub: Hub, clone: Path, token: str
) -> None:
    with opened(clone, "echo x >> train.py", "echo y >> train.py", max_prs=1) as sweep:
        sweep.budgets.count_branches([lived(sweep.job(0))])
        second = lived(sweep.job(1))
    assert second.pr_number is None and "--max_prs 1 is reached" in second.notes[-1]


def test_best_of_a_sweep_carries_the_leaderboard(hub: Hub, clone: Path, token: str) -> None:
    told = 'echo "{\\"step\\": 1, \\"val_auc\\": %s}" >> $SWEEPTREE_METRICS'
    report = told + "; echo %s >> train.py; true --lr %s"
    rates = (("0.8", "1e-3"), ("0.9", "3e-4"))
    commands = [report % (value, value, rate) for value, rate in rates]
    best = {"metric": "val_auc:max", "commit_and_pr": False, "commit_and_pr_best": True}
    with opened(clone, *commands, **best) as sweep:
        for index in (0, 1):
            lived(sweep.job(index))
        aggregate(sweep.paths)
        assert hub.log == []
        done = deliver_best(sweep)
    assert done is not None and done.pull is not None and len(hub.pulls) == 1
    assert hub.repo.git("show", f"{hub.pulls[1].branch}:train.py").endswith("0.9")
    assert "| rank | config |" in hub.pulls[1].body and "| 0.9000 | 1 |" in hub.pulls[1].body
    assert read_json(paths_of(clone).record(1))["pr_number"] == 1
