"""Jobs → configs: mean and spread over seeds. Pure.

Only jobs that succeeded count; how many did not is said beside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence

from sweeptree.analysis import stats
from sweeptree.analysis.aggregate import data
from sweeptree.analysis.document import Group, JobRow, Spread
from sweeptree.analysis.wording import counted, listed
from sweeptree.model import JobState, Scalar

_NOT_ENDED_BADLY = frozenset(
    {JobState.SUCCEEDED, JobState.PLANNED, JobState.RUNNING, JobState.CANCELLED}
)
_SHOWN = 10


def group_jobs(jobs: Sequence[JobRow]) -> list[Group]:
    """One group per config, in the order in which they are met, without a rank."""
    members: dict[str, list[JobRow]] = {}
    for job in jobs:
        if job.config_id:
            members.setdefault(job.config_id, []).append(job)
    return [_group(name, own) for name, own in members.items()]


def _group(name: str, jobs: Sequence[JobRow]) -> Group:
    good = without_repeats([job for job in jobs if job.state is JobState.SUCCEEDED])
    lost = Counter(name for job in good for name in diverged_metrics(job))
    return Group(
        config_id=name,
        params=_common_params(jobs),
        seeds=tuple(sorted({job.seed for job in jobs if job.seed is not None})),
        jobs=tuple(job.id for job in jobs),
        n=len(good),
        n_failed=sum(job.state not in _NOT_ENDED_BADLY for job in jobs),
        metrics=_spreads(good, lost),
        data_digests=tuple(data.digests(good)),
        diverged=dict(sorted(lost.items())),
        rank=None,
    )


def without_repeats(jobs: Sequence[JobRow]) -> list[JobRow]:
    """The jobs, each command once per seed: given twice it is one run, not two."""
    firsts: dict[tuple[str, int | None, int | None], JobRow] = {}
    for job in jobs:
        apart = None if job.cmd else job.id
        firsts.setdefault((job.cmd, job.seed, apart), job)
    return list(firsts.values())


def repeats(jobs: Sequence[JobRow]) -> list[str]:
    """A sentence that names the jobs that repeat the command and seed of another."""
    good = [job for job in jobs if job.state is JobState.SUCCEEDED]
    counting = {job.id for job in without_repeats(good)}
    hit = [str(job.id) for job in good if job.id not in counting]
    if not hit:
        return []
    noun = "job" if len(hit) == 1 else "jobs"
    return [f"the same command as another job, which counts once: {noun} {listed(hit, _SHOWN)}"]


def _common_params(jobs: Sequence[JobRow]) -> dict[str, Scalar]:
    """The parameters that have one value in all jobs."""
    first, *others = jobs
    params = dict(first.params)
    for job in others:
        own = job.params
        params = {key: value for key, value in params.items() if own.get(key) == value}
    return params


def _spreads(jobs: Sequence[JobRow], lost: Container[str]) -> dict[str, Spread]:
    """The spread of every metric, but for those that a job ended without.

    A mean over the jobs that did not diverge would reward a config for its luck.
    """
    values: dict[str, dict[str, float]] = {}
    for job in jobs:
        for name, value in usable_metrics(job).items():
            known = values.setdefault(name, {})
            known[_seed_name(job, known)] = value
    kept = [name for name in sorted(values) if name not in lost]
    return {name: describe(values[name], name) for name in kept}


def _seed_name(job: JobRow, known: Mapping[str, float]) -> str:
    """The seed; the job's number where it has none, or where another job has had it."""
    name = str(job.seed)
    return f"job {job.id}" if job.seed is None or name in known else name


def usable_metrics(job: JobRow) -> dict[str, float]:
    """The metrics without values so large that they would be the mean."""
    metrics = job.metrics
    return {name: value for name, value in metrics.items() if abs(value) <= stats.MAX_MAGNITUDE}


def diverged_metrics(job: JobRow) -> set[str]:
    """The metrics whose last value was NaN, infinite, or so large that it would be the mean."""
    return {*job.diverged, *job.metrics.keys()} - usable_metrics(job).keys()


def describe(values: Mapping[str, float], metric: str = "") -> Spread:
    """The spread of at least one value, named by seed; its interval keeps within what the metric
    can be."""
    numbers = list(values.values())
    many, deviation = len(numbers), stats.std(numbers)
    ordered = sorted(numbers)
    middle = many // 2
    return Spread(
        n=many,
        mean=stats.mean(numbers),
        std=deviation,
        sem=None if deviation is None else deviation / many**0.5,
        ci95=stats.within(stats.ci95(numbers), stats.bounds(metric, numbers)),
        min=ordered[0],
        max=ordered[-1],
        median=(ordered[middle] + ordered[~middle]) / 2,
        values=values,
    )


def without_mixed_means(group: Group) -> Group:
    """The group, without means if its own jobs ran on different data."""
    if len(group.data_digests) < 2:
        return group
    return group.model_copy(update={"metrics": {}})


def diverged(jobs: Sequence[JobRow]) -> list[str]:
    """A sentence that counts and names the jobs whose last value of a metric is no number."""
    hit = [job for job in jobs if diverged_metrics(job)]
    if not hit:
        return []
    metrics = sorted(set().union(*map(diverged_metrics, hit)))
    numbers = [str(job.id) for job in hit]
    what = f"{counted(len(hit), 'job')} diverged: the last value of {listed(metrics, _SHOWN)}"
    limit = f"{stats.MAX_MAGNITUDE:g}"
    why = f"is NaN, infinite or beyond {limit}, so these configs have no mean and no rank of it"
    noun = "job" if len(hit) == 1 else "jobs"
    return [f"{what} {why}: {noun} {listed(numbers, _SHOWN)}"]


def failures(groups: Sequence[Group]) -> list[str]:
    """A sentence per config that has a mean although some of its jobs did not succeed."""
    hit = [group for group in groups if group.n_failed and group.n]
    texts = [_failure(group) for group in hit[:_SHOWN]]
    more = len(hit) - _SHOWN
    return [*texts, f"and {more} more configs with failed jobs"] if more > 0 else texts


def _failure(group: Group) -> str:
    ended = f"{group.n_failed} of {len(group.jobs)} jobs did not succeed"
    return f"{group.config_id}: {ended}; its mean is over the other {group.n}"
