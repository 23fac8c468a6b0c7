"""Which task each job of a sweep is: of an array that was submitted earlier, or of a new one.

Hides that arrays are of limited size, that one may have been submitted without its driver living to
note it, and that the controller may be away meanwhile.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.slurm import arrays, cluster, errands, options, packing
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

    @property
    def queue(self) -> Queue:
        """Where the tasks are looked at."""
        assert self._queue is not None
        return self._queue

    def is_done(self, place: Place) -> bool:
        """Whether a job's end stands on disk."""
        return Traces(self._sweep.paths, place.job).is_done(place.attempt)

    def open(self, queue: Queue, due: Sequence[Job]) -> None:
        """Find the earlier tasks again, and submit the jobs that have none.

        Raises SweeptreeError.
        """
        self._queue = queue
        if not patiently(self._find_again, self._sweep):
            return
        errands.make_base_ref(self._sweep)
        wanted = [job for job in due if self._needs_task(self._sweep.job(job.index))]
        self._submit(wanted)

    def close(self) -> None:
        """Drop what only tasks that are still to run would need."""
        with contextlib.suppress(SweeptreeError):
            self.queue.refresh()
            if self.queue.is_idle:
                errands.drop_base_ref(self._sweep)

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
        return task is None or not self._may_run(task, attempts.last_attempt(job, SoFar()) + 1)

    def _may_run(self, task: Task, attempt: int) -> bool:
        """Whether the task has run this attempt, runs it, or will."""
        traces, first = Traces(self._sweep.paths, task.place.job), task.place.attempt
        if first > attempt or traces.is_done(first, before=attempt):
            return False
        if traces.has_begun(attempt):
            return True
        state = self.queue.look(task.name)
        return state is None or not state.is_over

    def _has_begun(self, job: JobContext, attempt: int) -> bool:
        return Traces(job.paths, job.index).has_begun(attempt)

    def _submit(self, jobs: Sequence[Job]) -> None:
        size = cluster.limits().max_array if jobs else 1
        before: Array | None = None
        for start in range(0, len(jobs), size):
            array = self._written(jobs[start : start + size])
            before = self._submit_array(array, before)
            if before is None:
                return

    def _written(self, jobs: Sequence[Job]) -> Array:
        """The array's files; what earlier attempts left is out of its way then."""
        sweep = self._sweep
        tasks = []
        for job in jobs:
            context = sweep.job(job.index)
            last = attempts.last_attempt(context, SoFar())
            if last:
                stages.put_aside(context, last)
            tasks.append(errands.task(sweep, job, last + 1))
        array = arrays.write(
            sweep.paths, errands.common(sweep), tasks, f"sweeptree-{sweep.spec.exp_name}"
        )
        package = packing.package_in(sweep.paths.slurm)
        python = python_of_nodes(sweep.settings)
        packing.write_script(array.script, python, package, array.folder)
        return array

    def _submit_array(self, array: Array, before: Array | None) -> Array | None:
        """Submit it; None when the sweep is to stop instead."""
        spec = self._sweep.spec
        words = [
            *options.of_keeper(spec, array.folder),
            *options.wanted(spec),
            *options.of_array(spec, len(array.places), array.name),
        ]
        if before is not None and spec.array_parallelism:
            words.append(f"--dependency=afterany:{before.number}")
        done: list[Array] = []

        def submit() -> None:
            found = arrays.found_again(array) if done_before else array
            done_before.append(True)
            if found.number is None:
                number = cluster.submit(words, array.script, options.environment(spec))
                found = array.submitted_as(number)
            done.append(found)

        done_before: list[bool] = []
        if not patiently(submit, self._sweep):
            return None
        self._take(done)
        return done[0]
