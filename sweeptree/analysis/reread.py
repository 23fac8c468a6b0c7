"""Finds the metrics of finished jobs anew, from the logs and files that were kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeptree.analysis import metrics
from sweeptree.model import JobRecord
from sweeptree.records import SweepPaths, SweepStore, read_record, read_sweep, record_indices


def reread(paths: SweepPaths, asked: metrics.Wanted) -> int:
    """Collect the metrics of every job that has ended, and write those that changed into its
    record; returns how many did.

    What `asked` leaves open is as the sweep's spec says. Raises Refused while the sweep runs, and
    RecordError.
    """
    wanted = _wanted(asked, _spec(paths))
    with SweepStore.open(paths) as store:
        records = [read_record(paths.record(index)) for index in record_indices(paths)]
        ended = [record for record in records if record.state and record.state.is_final]
        changed = [_update(store, paths, record, wanted) for record in ended]
    return sum(changed)


def _wanted(asked: metrics.Wanted, spec: Mapping[str, Any]) -> metrics.Wanted:
    return metrics.Wanted(
        asked.name or spec.get("metric"),
        asked.files or tuple(spec.get("metrics_file") or ()),
        asked.regex or spec.get("metric_regex"),
    )


def _spec(paths: SweepPaths) -> Mapping[str, Any]:
    if not paths.sweep.exists():
        return {}
    spec = read_sweep(paths).get("spec")
    return spec if isinstance(spec, dict) else {}


def _update(
    store: SweepStore, paths: SweepPaths, record: JobRecord, wanted: metrics.Wanted
) -> bool:
    index = record.id
    places = metrics.Places(paths.metrics(index), paths.log(index), paths.out(index))
    collected = metrics.collect(places, wanted)
    found = collected.metrics
    best = dict(found.best) if found.best else None
    before = (record.metrics_source, dict(record.metrics), record.best)
    if before == (found.source, dict(found.values), best):
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
