"""What crashes have left, for `sweeptree doctor`: each kind named, and mended with `--repair`.

Hides where the kinds are looked for: the sweeps of this repository, the queue of GPU slots, the
server's home.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from sweeptree import repository
from sweeptree.cli.commands.doctor.finding import Finding
from sweeptree.cli.find import results_dir
from sweeptree.cli.screens.terminal import counted
from sweeptree.engine import server
from sweeptree.errors import ServerError, SweeptreeError
from sweeptree.records import SweepPaths, holder, iter_sweeps
from sweeptree.settings import Settings
from sweeptree.supervise import stopped_keeper
from sweeptree.sweep import recovery
from sweeptree.sweep.recovery import spec_of
from sweeptree.system import scratch

REPAIR = "sweeptree doctor --repair"
_SHOWN = 5


def remains(*, repair: bool) -> Iterator[Finding]:
    """Everything that a killed command can have left behind, except worktrees."""
    settings = Settings()
    count = 0
    for found in _all(settings, repair=repair):
        count += 1
        yield found
    if not count:
        yield Finding("remains", "ok", "no crash has left anything")


def _all(settings: Settings, *, repair: bool) -> Iterator[Finding]:
    for paths in iter_sweeps(results_dir(None)):
        yield from _stopped(paths)
        if holder(paths) is None:  # a living driver looks after its own
            yield from _guarded(paths, settings, repair=repair)
    yield from _queue(settings.slot_dir, repair=repair)
    yield from _server(settings.home, repair=repair)
    yield from _database(settings.home, repair=repair)
    yield from _scratch(repair=repair)


def _stopped(paths: SweepPaths) -> Iterator[Finding]:
    """Keepers that do not answer; also those of a sweep that somebody drives."""
    for alive in sorted(paths.state.glob("job_*.alive*")):
        pid = stopped_keeper(alive)
        if pid is not None:
            text = f"{paths.root.name}: the keeper of {alive.name} is stopped (pid {pid})"
            yield Finding("keepers", "warn", text, f"kill -CONT {pid}")


def _guarded(paths: SweepPaths, settings: Settings, *, repair: bool) -> Iterator[Finding]:
    try:
        yield from _orphans(paths, repair=repair)
        yield from _stale(paths, settings, repair=repair)
        yield from _idle(paths, settings, repair=repair)
        yield from _ledger(paths, repair=repair)
    except SweeptreeError as error:
        yield Finding("sweep", "fail", f"{paths.root.name}: {error.message}", "; ".join(error.hint))


def _orphans(paths: SweepPaths, *, repair: bool) -> Iterator[Finding]:
    found = recovery.end_orphans(paths) if repair else recovery.orphans(paths)
    if found:
        pids = _numbers(found)
        text = f"{len(found)} processes of {paths.root.name} without a keeper ({pids})"
        yield _finding("orphans", f"ended {text}" if repair else text, repair=repair)


def _stale(paths: SweepPaths, settings: Settings, *, repair: bool) -> Iterator[Finding]:
    stale = recovery.stale_jobs(paths)
    if not stale:
        return
    if repair:
        for text in recovery.settle(spec_of(paths), settings):
            yield _finding("records", text, repair=True)
        return
    jobs = _numbers(stale)
    text = (
        f"{paths.root.name}: {len(stale)} jobs whose keeper is gone "
        f"and whose record does not say so ({jobs})"
    )
    yield _finding("records", text, repair=False)


def _idle(paths: SweepPaths, settings: Settings, *, repair: bool) -> Iterator[Finding]:
    """Worktrees that a killed driver could not take back."""
    try:
        repo = repository.find_repository(Path.cwd())
    except SweeptreeError:  # results that were copied to where no repository is
        return
    found = recovery.idle_worktrees(paths, repo)
    if not found:
        return
    names = _first(found)
    text = f"{paths.root.name}: {counted(len(found), 'worktree')} that no job uses any more"
    if repair:
        recovery.settle(spec_of(paths), settings)
        text = f"{text}; what holds work is kept, the others are removed"
    yield _finding("worktrees", f"{text} ({names})", repair=repair)


def _ledger(paths: SweepPaths, *, repair: bool) -> Iterator[Finding]:
    count = recovery.lagging(paths, mend=repair) if paths.ledger.exists() else 0
    if count:
        text = f"{paths.root.name}: the ledger lacks {count} jobs that the records have"
        yield _finding("ledger", f"{text}; added" if repair else text, repair=repair)


def _queue(slot_dir: Path, *, repair: bool) -> Iterator[Finding]:
    dead = recovery.dead_tickets(slot_dir, remove=repair)
    if dead:
        text = f"{len(dead)} places in the queue for GPU slots that nobody holds any more"
        yield _finding("slots", f"removed {text}" if repair else text, repair=repair)


def _server(home: Path, *, repair: bool) -> Iterator[Finding]:
    if server.status(home) is not None or server.stopped_on_request(home):
        return
    text = "the Prefect server died without being stopped"
    if repair:
        server.stop(home)
        text += "; its note is removed, the next sweep starts one"
    yield _finding("server", text, repair=repair)


def _database(home: Path, *, repair: bool) -> Iterator[Finding]:
    trouble = server.database_trouble(home)
    if trouble is None:
        return
    text = f"the Prefect server's database is broken ({trouble})"
    if not repair:
        yield Finding(
            "database", "fail", f"{text}; sweeps run by their files, without the UI", REPAIR
        )
        return
    try:
        place = server.set_database_aside(home)
    except ServerError as error:
        yield Finding("database", "fail", f"{text}: {error.message}", "; ".join(error.hint))
        return
    yield _finding("database", f"{text}: it was moved to {place}", repair=True)


def _scratch(*, repair: bool) -> Iterator[Finding]:
    """Temporary folders of commands that were killed."""
    dead = scratch.remove_dead() if repair else scratch.dead_folders()
    if dead:
        text = f"{counted(len(dead), 'temporary folder')} of killed commands"
        names = _first([str(folder) for folder in dead])
        sentence = f"removed {text} ({names})" if repair else f"{text} ({names})"
        yield _finding("temporary files", sentence, repair=repair)


def _numbers(numbers: Collection[int]) -> str:
    return _first([str(number) for number in sorted(numbers)])


def _first(names: Sequence[str]) -> str:
    first = ", ".join(names[:_SHOWN])
    return f"{first}, ..." if len(names) > _SHOWN else first


def _finding(name: str, text: str, *, repair: bool) -> Finding:
    return Finding("repaired", "ok", text) if repair else Finding(name, "warn", text, REPAIR)
