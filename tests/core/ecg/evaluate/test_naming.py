"""What runs are called."""

from sweeptree.ecg.evaluate.naming import names_of, slug
from sweeptree.model import JobRecord


def test_names_tell_the_runs_apart(tmp_path):
    paths = [
        tmp_path / "a" / "seed1" / "predictions.npz",
        tmp_path / "b" / "seed1" / "predictions.npz",
    ]
    assert names_of(paths) == ["a/seed1", "b/seed1"]


def test_runs_of_a_sweep_are_named_by_config_and_seed(tmp_path):
    paths = []
    for job, (rate, seed) in enumerate([("3e-4", 1), ("3e-4", 2), ("3e-3", 1)]):
        record = JobRecord(
            id=job, params={"lr": float(rate), "width": 8}, config_id=f"lr={rate}", seed=seed
        )
        paths.append(tmp_path / f"job_{job}" / "artifacts" / "out" / "predictions.npz")
        paths[-1].parent.mkdir(parents=True)
        (tmp_path / f"job_{job}.meta.json").write_text(record.model_dump_json())
    assert names_of(paths) == ["lr=3e-4/seed1", "lr=3e-4/seed2", "lr=3e-3/seed1"]


def test_slugs_are_distinct_for_distinct_names():
    assert len({slug(n) for n in ("a/b", "a_b", "a b", "../a", "a")}) == 5
    assert "/" not in slug("../../x")
