"""What a sweep's records say for a change."""

from core.publish.kit import job
from sweeptree.model import JobState
from sweeptree.publish.delivery import job_evidence, winner_evidence


def test_a_job_is_shown_with_the_seeds_of_its_config() -> None:
    record, other = job(0, val_auc=0.9), job(1, val_auc=0.8)
    failed, foreign = job(2, JobState.FAILED, val_auc=0.1), job(3, config="b", val_auc=0.2)
    evidence = job_evidence("unet", record, [record, other, failed, foreign])
    (score,) = evidence.scores
    assert (score.count, round(score.mean, 3)) == (2, 0.85)
    assert (evidence.heading, evidence.command) == ("unet job 0", "python3 train.py")


def test_the_winner_comes_with_the_leaderboard() -> None:
    facts = {"val_auc": {"mean": 0.9, "std": 0.01, "values": [0.89, 0.91]}}
    groups = [
        {"config_id": "b", "rank": 2, "n": 1, "metrics": {}},
        {"config_id": "a", "rank": 1, "n": 2, "metrics": facts},
        {"config_id": "c", "rank": None},
    ]
    document = {"groups": groups, "n_jobs": 4, "objective": {"name": "val_auc"}}
    evidence = winner_evidence("unet", job(0, val_auc=0.9), document)
    assert evidence.heading == "unet: the best of 2 configs in 4 jobs"
    assert evidence.table is not None
    assert evidence.table.rows == (("1", "a", "0.9 ± 0.01", "2"), ("2", "b", "", "1"))
