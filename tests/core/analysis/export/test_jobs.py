"""Jobs as trackers know runs."""

from pathlib import Path

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import look
from sweeptree.analysis.export import exported


def test_a_job_has_parameters_seed_curves_and_an_end(tmp_path: Path) -> None:
    paths = finished_sweep(tmp_path, jobs=4, failed=(1,))
    paths.metrics(0).write_text('{"step": 1, "val_auc": 0.5}\n')
    jobs = list(exported(paths, look(paths)))
    assert [job.has_succeeded for job in jobs] == [True, False, True, True]
    assert (jobs[0].params["seed"], jobs[0].curves) == (1, {"val_auc": [(1.0, 0.5)]})
    assert jobs[0].tags["sweeptree.config"] == "lr=3e-4"
    assert len({job.key for job in jobs}) == 4
