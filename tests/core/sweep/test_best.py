"""The winner of a sweep, as far as no forge is needed."""

from pathlib import Path

from core.sweep.kit import lived, opened
from sweeptree.analysis.aggregate import aggregate
from sweeptree.sweep.best import deliver_best

REPORT = """echo '{"val_auc": %s}' >> $SWEEPTREE_METRICS; echo %s >> train.py; true --lr %s"""
BEST = {"commit_and_pr_best": True, "metric": "val_auc:max"}


def test_the_winner_s_branch_is_the_one_with_the_best_value(repo: Path) -> None:
    commands = [REPORT % (value, value, value) for value in ("0.8", "0.9", "0.7")]
    with opened(repo, *commands, **BEST) as sweep:
        records = [lived(sweep.job(index)) for index in range(3)]
        aggregate(sweep.paths)
        done = deliver_best(sweep)
    assert done is not None
    assert (done.branch, done.pull) == (records[1].git_branch, None)


def test_without_a_changed_file_there_is_nothing_to_deliver(repo: Path) -> None:
    with opened(repo, "python3 train.py --lr 1", **BEST) as sweep:
        lived(sweep.job(0))
        aggregate(sweep.paths)
        assert deliver_best(sweep) is None
