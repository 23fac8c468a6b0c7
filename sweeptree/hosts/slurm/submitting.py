"""Which task each job of a sweep is: of an array that was submitted earlier, or of a new one.

Hides that arrays are of limited size, that one may have been submitted without its driver living to
note it, and that the controller may be away meanwhile.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.slurm import arrays, clearing, cluster, errands, options, packing
from sweeptree.hosts.slurm.arrays import Array, Place, Task
from sweeptree.hosts.slurm.endings import Traces
from sweeptree.hosts.slurm.planning import python_of_nodes
from sweeptree.hosts.slurm.queue import Queue, patiently
from sweeptree.model import Job, JobState
from sweeptree.sweep import adoption, attempts, stages
from sweeptree.sweep.results import SoFar
from sweeptree.sweep.running import JobContext, Sweep


class Desk:
    """The arrays of an open sweep, and the queue they are in."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._tasks: dict[int, Task] = {}
        self._guard = threading.Lock()
        self._queue: Queue | None = None
        self._largest = 1
        self._due: Sequence[Job] = ()
        self._lost_before: frozenset[Place] = frozenset()

    @property
    def queue(self) -> Queue:
        """Where the tasks are looked at."""
        assert self._queue is not None
        return self._queue

    def is_done(self, place: Place) -> bool:
        """Whether a job's end stands on disk."""
        return Traces(self._sweep.paths, place.job).is_done(place.attempt)

    def has_begun(self, place: Place) -> bool:
        """Whether a keeper has taken a job's first attempt there."""
        return Traces(self._sweep.paths, place.job).has_begun(place.attempt)

    def open(self, queue: Queue, due: Sequence[Job]) -> None:
        """Find the earlier tasks again, and submit the jobs that have none.

        Raises SweeptreeError.
        """
        self._queue = queue
        self._due = due
        self._lost_before = clearing.lost_attempts(self._sweep, due)
        if not patiently(self._find_again, self._sweep):
            return
        errands.make_base_ref(self._sweep)
        wanted = [job for job in due if self._needs_task(self._sweep.job(job.index))]
        self._submit(wanted)

    def close(self) -> None:
        """Drop what only tasks that are still to run would need, and clear the nodes."""
        with contextlib.suppress(SweeptreeError):
            self.queue.refresh()
            if self.queue.is_idle:
                errands.drop_base_ref(self._sweep)
        lost = clearing.lost_attempts(self._sweep, self._due) - self._lost_before
        if lost:
            newest = arrays.read_all(self._sweep.paths)[-1]
            clearing.clear_after(self._sweep, lost, newest.folder)

    def task_of(self, job: JobContext, attempt: int) -> Task | None:
        """The task that runs this attempt of a job, submitted now if there is none.

        None where an attempt that has begun is no longer anybody's, or the sweep is to stop.
        """
        with self._guard:
            task = self._tasks.get(job.index)
            if task is not None and self._may_run(task, attempt):
                return task
            if self._has_begun(job, attempt) or job.sweep.stop.stopping.is_set():
                return task
            self._submit([job.job])
            return self._tasks.get(job.index)

    def _find_again(self) -> None:
        found = [
            array if array.number else arrays.found_again(array)
            for array in arrays.read_all(self._sweep.paths)
        ]
        self._take([array for array in found if array.number])
        self._largest = cluster.limits().max_array
        self.queue.refresh()

    def _take(self, submitted: Iterable[Array]) -> None:
        for array in submitted:
            self.queue.add([array])
            self._tasks.update({task.place.job: task for task in array.tasks()})

    def _needs_task(self, job: JobContext) -> bool:
        """Whether a job is to be submitted: it was not, or its task is over."""
        if job.record.state is JobState.SUCCEEDED or adoption.is_unfinished(job):
            return False
        task = self._tasks.get(job.index)
        following = attempts.last_attempt(job, SoFar()) + 1
        return task is None or not self._may_run(task, following)

    def _may_run(self, task: Task, attempt: int) -> bool:
        """Whether the task has run this attempt, runs it, or will."""
        traces = Traces(self._sweep.paths, task.place.job)
        first = task.place.attempt
        if first > attempt or traces.is_done(first, before=attempt):
            return False
        if traces.has_begun(attempt):
            return True
        state = self.queue.look(task.name)
        return state is None or not state.is_over

    def _has_begun(self, job: JobContext, attempt: int) -> bool:
        return Traces(job.paths, job.index).has_begun(attempt)

    def _submit(self, jobs: Sequence[Job]) -> None:
        before: Array | None = None
        for start in range(0, len(jobs), self._largest):
            part = jobs[start : start + self._largest]
            array = self._written(part)
            before = self._submit_array(array, before)
            if before is None:
                return

    def _written(self, jobs: Sequence[Job]) -> Array:
        """The array's files; what earlier attempts left is out of its way then."""
        sweep = self._sweep
        label = f"sweeptree-{sweep.spec.exp_name}"
        common = errands.common(sweep)
        tasks = [self._errand(job) for job in jobs]
        array = arrays.write(sweep.paths, common, tasks, label)

        package = packing.package_in(sweep.paths.slurm)
        python = python_of_nodes(sweep.settings)
        packing.write_script(array.script, python, package, array.folder)
        return array

    def _errand(self, job: Job) -> dict[str, Any]:
        context = self._sweep.job(job.index)
        last = attempts.last_attempt(context, SoFar())
        if last:
            stages.put_aside(context, last)
        return errands.task(self._sweep, job, last + 1)

    def _submit_array(self, array: Array, before: Array | None) -> Array | None:
        """Submit it; None when the sweep is to stop instead."""
        environ = options.environment(self._sweep.spec)
        words = self._words(array, before)
        submitted: list[Array] = []
        tries = itertools.count()

        def submit() -> None:
            found = array
            if next(tries):  # the controller was away, and may have taken it all the same
                found = arrays.found_again(array)
            if found.number is None:
                number = cluster.submit(words, array.script, environ)
                found = array.submitted_as(number)
            submitted.append(found)

        if not patiently(submit, self._sweep):
            return None
        self._take(submitted)
        return submitted[0]

    def _words(self, array: Array, before: Array | None) -> list[str]:
        spec = self._sweep.spec
        keeper = options.of_keeper(spec, array.folder)
        wanted = options.wanted(spec)
        own = options.of_array(spec, len(array.places), array.name)
        words = [*keeper, *wanted, *own]
        if before is not None and spec.array_parallelism:
            words.append(f"--dependency=afterany:{before.number}")
        return words
