"""A sweep as an MLflow experiment: a run per job, with its curves. An export that is repeated adds
what is new.

Hides: MLflow's client, its limits on a batch, and the tag by which a job is known again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from sweeptree.analysis.export.jobs import Exported
from sweeptree.analysis.export.libraries import library
from sweeptree.errors import SweeptreeError

EXTRA = "mlflow"
_KEY = "sweeptree.key"
_BATCH = 1000  # metrics in one request: MLflow's limit
_PARAMS = 100
_PARAM_LENGTH = 500
_TAG_LENGTH = 5000
_TOLD = 300
_RUNS = 1000  # in one page of a search


def to_mlflow(exp_name: str, jobs: Sequence[Exported], uri: str | None) -> int:
    """Add the jobs that are not there yet as runs of the experiment `exp_name`; how many.

    `uri`: of the tracking server or store; None: as MLflow is configured. Raises UsageError
    without MLflow, and SweeptreeError where the store cannot be used.
    """
    mlflow = library("mlflow", EXTRA)
    try:
        client = library("mlflow.tracking", EXTRA).MlflowClient(tracking_uri=uri)
        return _add_new(mlflow.entities, client, exp_name, jobs)
    except mlflow.exceptions.MlflowException as error:
        raise SweeptreeError(
            f"MLflow does not take it: {_first_sentence(error)}",
            hint="sweeptree export NAME --to mlflow --uri sqlite:///mlflow.db   a store in a file",
        ) from error


def _add_new(entities: Any, client: Any, exp_name: str, jobs: Sequence[Exported]) -> int:
    experiment = _experiment(client, exp_name)
    known = set(_keys(client, experiment))
    new = [job for job in jobs if job.key not in known]
    for job in new:
        _add(entities, client, experiment, job)
    return len(new)


def _first_sentence(error: Exception) -> str:
    return str(error).strip().splitlines()[0].partition(". ")[0][:_TOLD]


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _keys(client: Any, experiment: str) -> Iterator[str]:
    """The keys of the jobs whose export was finished."""
    token = None
    while True:
        page = client.search_runs([experiment], max_results=_RUNS, page_token=token)
        for run in page:
            yield run.data.tags.get(_KEY, "")
        token = page.token
        if not token:
            return


def _add(entities: Any, client: Any, experiment: str, job: Exported) -> None:
    tags = {name: value[:_TAG_LENGTH] for name, value in job.tags.items()}
    start = _milliseconds(job.start)
    run = client.create_run(experiment, start_time=start, tags=tags, run_name=job.name)
    params = [
        entities.Param(name, str(value)[:_PARAM_LENGTH]) for name, value in job.params.items()
    ]
    for part in _parts(params, _PARAMS):
        client.log_batch(run.info.run_id, params=part)
    for part in _parts(list(_metrics(entities, job)), _BATCH):
        client.log_batch(run.info.run_id, metrics=part)
    client.set_tag(run.info.run_id, _KEY, job.key)  # last: what is cut short is added anew
    status = "FINISHED" if job.has_succeeded else "FAILED"
    client.set_terminated(run.info.run_id, status, end_time=_milliseconds(job.end))


def _metrics(entities: Any, job: Exported) -> Iterator[Any]:
    at = _milliseconds(job.end)
    for name, value in job.metrics.items():
        for step, number in job.curves.get(name) or [(0, value)]:
            yield entities.Metric(name, number, at, int(step))


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _milliseconds(seconds: float | None) -> int:
    return round((time.time() if seconds is None else seconds) * 1000)
