"""What a sweep's records say for a change."""

from typing import Any

from core.publish.kit import job
from sweeptree.analysis.document import Document, Group
from sweeptree.analysis.stats import Goal, Objective
from sweeptree.model import JobState
from sweeptree.publish.delivery import job_evidence, winner_evidence


def test_a_job_is_shown_with_the_seeds_of_its_config() -> None:
    record, other = job(0, val_auc=0.9), job(1, val_auc=0.8)
    failed, foreign = job(2, JobState.FAILED, val_auc=0.1), job(3, config="b", val_auc=0.2)
    evidence = job_evidence("unet", record, [record, other, failed, foreign])
    (score,) = evidence.scores
    assert (score.count, round(score.mean, 3)) == (2, 0.85)
    assert (evidence.heading, evidence.command) == ("unet job 0", "python3 train.py")


def group(config: str, rank: int | None, *values: float) -> dict[str, Any]:
    by_seed = {str(seed): value for seed, value in enumerate(values)}
    spread = {"n": len(values), "mean": 0.9, "std": 0.01, "ci95": None, "values": by_seed}
    metrics = {"val_auc": spread | {"min": min(values), "max": max(values)}} if values else {}
    facts = {"config_id": config, "rank": rank, "n": len(values), "metrics": metrics}
    return facts | {"params": {}, "seeds": (), "n_failed": 0}


def test_the_winner_comes_with_the_leaderboard() -> None:
    groups = [group("b", 2), group("a", 1, 0.89, 0.91), group("c", None)]
    document = Document.model_construct(
        groups=tuple(Group.model_validate(each) for each in groups),
        n_jobs=4,
        objective=Objective("val_auc", Goal.MAX),
    )
    evidence = winner_evidence("unet", job(0, val_auc=0.9), document)
    assert evidence.heading == "unet: the best of 2 configs in 4 jobs"
    assert evidence.table is not None
    first, second = evidence.table.rows
    assert (first[:2], first[3], second[:3]) == (("1", "a"), "2", ("2", "b", ""))
    assert first[2].startswith("0.9") and "±" in first[2]
