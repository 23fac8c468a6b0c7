"""Finds the metrics of finished jobs anew, from the logs and files that were kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from sweeptree.analysis import metrics
from sweeptree.analysis.stats import objective
from sweeptree.errors import RecordError
from sweeptree.model import JobRecord
from sweeptree.model.fields import MetricName, MetricRegex
from sweeptree.model.values import Metrics
from sweeptree.records import SweepPaths, SweepStore, read_record, read_sweep, record_indices


@dataclass(frozen=True, slots=True)
class Reread:
    """How many records changed, and what could not be found anew, one line each."""

    changed: int
    troubles: tuple[str, ...] = ()


class _Asked(BaseModel):
    """What a sweep's spec asks of its jobs; it may be of another version, or by another hand."""

    metric: MetricName | None = None
    metrics_file: tuple[str, ...] = ()
    metric_regex: MetricRegex | None = None


def reread(paths: SweepPaths, asked: metrics.Wanted) -> Reread:
    """Collect the metrics of every job that has ended, and write those that changed into its
    record. Metrics that stand nowhere any more (a log or an artifact was removed) stay.

    What `asked` leaves open is as the sweep's spec says. Raises Refused while the sweep runs, and
    RecordError where its spec cannot be used.
    """
    wanted = _wanted(asked, _asked(paths))
    troubles: list[str] = []
    with SweepStore.open(paths) as store:
        changed = [_update(store, record, wanted, troubles) for record in _ended(paths, troubles)]
    return Reread(sum(changed), tuple(troubles))


def _wanted(asked: metrics.Wanted, spec: _Asked) -> metrics.Wanted:
    return metrics.Wanted(
        asked.name or spec.metric,
        asked.files or spec.metrics_file,
        asked.regex or spec.metric_regex,
    )


def _asked(paths: SweepPaths) -> _Asked:
    if not paths.sweep.exists():
        return _Asked()
    try:
        return _Asked.model_validate(read_sweep(paths).get("spec") or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RecordError(
            f"sweep.json: {where} of its spec cannot be used: {first['msg']}",
            path=str(paths.sweep),
        ) from error


def _ended(paths: SweepPaths, troubles: list[str]) -> Iterator[JobRecord]:
    for index in record_indices(paths):
        try:
            record = read_record(paths.record(index))
        except RecordError as error:
            troubles.append(f"job {index} is left as it is: {error.message}")
            continue
        if record.state and record.state.is_final:
            yield record


def _update(
    store: SweepStore, record: JobRecord, wanted: metrics.Wanted, troubles: list[str]
) -> bool:
    paths, index = store.paths, record.id
    places = metrics.Places(paths.metrics(index), paths.log(index), paths.out(index))
    collected = metrics.collect(places, wanted)
    found = collected.metrics
    best = dict(found.best) if found.best else None
    before = (record.metrics_source, dict(record.metrics), record.best)
    if before == (found.source, dict(found.values), best):
        return False
    if lost := _lost(record, found, wanted):
        troubles.append(f"job {index} keeps its {lost} from {record.metrics_source}: {_why(found)}")
        return False
    if not collected.is_reported:
        metrics.write_history(paths.history(index), collected.points)
    store.update(
        index,
        metrics=dict(found.values),
        best=best,
        metrics_source=found.source,
        diverged=found.diverged,
    )
    return True


def _lost(record: JobRecord, found: Metrics, wanted: metrics.Wanted) -> str | None:
    """The metric that the record has and that stands nowhere any more."""
    now = {*found.values, *found.diverged}
    if wanted.name is None:
        return next(iter(record.metrics), None) if not now else None
    name = objective(wanted.name).name
    return name if name in record.metrics and name not in now else None


def _why(found: Metrics) -> str:
    return found.source or "nothing stands there any more"
