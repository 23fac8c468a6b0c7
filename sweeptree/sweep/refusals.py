"""What forbids a start: earlier results, a full disk, changes that worktrees would lack."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweeptree import worktrees
from sweeptree.errors import RecordError, Refused
from sweeptree.model import Base, SweepSpec
from sweeptree.records import SweepPaths, holder, read_sweep
from sweeptree.repository import Repository
from sweeptree.repository.commit_paths import read_commit_paths
from sweeptree.system import locks
from sweeptree.system.room import Room, nearest_existing

_DECIDING = (
    *("commands", "template", "grid", "seeds", "extensions"),
    *("setup", "use_worktree", "commit"),
)
_OTHER_NAME = "or choose another --exp_name"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A spec, the commit that it is pinned to, and the hash of what decides about its jobs."""

    spec: SweepSpec
    base: Base
    spec_hash: str


def of_results(paths: SweepPaths, pinned: Pinned, *, resume: bool) -> list[Refused]:
    """What stands in the place of the results forbids a start."""
    root = paths.root
    if root.is_symlink():
        hint = "remove it, or choose another --exp_name"
        return [Refused(f"{root} is a symbolic link", hint=hint)]
    earlier = _of_earlier(paths, pinned, resume=resume)
    return [*earlier, *_of_place(nearest_existing(root))]


def of_room(room: Room) -> list[Refused]:
    """The disk is too full."""
    lack = room.lacking()
    if lack is None:
        return []
    hint = (
        "free some space",
        "or choose another place with --results_dir",
        "or lower --min_free, as in --min_free 100M",
    )
    return [Refused(f"there is no room to start: {lack}", hint=hint)]


def of_fix(spec: SweepSpec, repo: Repository, base: Base) -> list[Refused]:
    """The auto-fix script is neither in the commit nor in the checkout; a set-up may make it.

    Without one in the default place the tidiers run.
    """
    script = spec.auto_fix_script
    is_named = script != SweepSpec.model_fields["auto_fix_script"].default
    if not (spec.auto_fix_before_pr and is_named) or spec.setup or (repo.top / script).is_file():
        return []
    if spec.use_worktree and read_commit_paths(repo, base.commit).has(script.as_posix()):
        return []
    why = f"there is no script {script} for --auto_fix_before_pr"
    return [
        Refused(why, hint=("name it with --auto_fix_script PATH", "or drop --auto_fix_before_pr"))
    ]


def of_dirt(dirty: worktrees.DirtyReport | None, spec: SweepSpec) -> list[Refused]:
    """The worktrees would lack changes of the user's that are not committed."""
    if dirty is None or spec.dirty == "ignore":
        return []
    found = _of_ignored(dirty) + _of_submodules(dirty, spec)
    if spec.dirty == "refuse":
        found = _of_changes(dirty) + found
    return found


def _of_changes(dirty: worktrees.DirtyReport) -> list[Refused]:
    """What a commit or a snapshot would carry."""
    needed = [need for need in dirty.needed if need.path not in dirty.ignored]
    carried = replace(dirty, needed=tuple(needed))
    if not carried.must_refuse:
        return []
    lines = "\n  ".join(carried.lines)
    hint = (
        "git add and git commit them",
        "or pass --dirty snapshot to carry them, --dirty ignore to go without",
    )
    text = f"the worktrees would lack changes that are not committed:\n  {lines}"
    return [Refused(text, hint=hint)]


def _of_ignored(dirty: worktrees.DirtyReport) -> list[Refused]:
    """What git ignores: neither a commit nor a snapshot carries it by itself."""
    needed = tuple(need for need in dirty.needed if need.path in dirty.ignored)
    if not needed:
        return []
    lines = "\n  ".join(replace(dirty, needed=needed, changed=()).lines)
    hint = (
        f"write {needed[0].path} into .worktreeinclude: every worktree gets a copy",
        "or link its folder with --links FOLDER, or name it by its absolute path",
        "or pass --dirty ignore to go without",
    )
    return [Refused(f"the worktrees would lack files that git ignores:\n  {lines}", hint=hint)]


def _of_submodules(dirty: worktrees.DirtyReport, spec: SweepSpec) -> list[Refused]:
    """Submodules are empty in worktrees; a setup command may fill them, so it is trusted."""
    if spec.setup or not dirty.in_submodules:
        return []
    first = dirty.in_submodules[0]
    text = f"the worktrees would lack {first}: it is in a submodule, and those are empty there"
    return [Refused(text, hint="add --setup 'git submodule update --init'")]


def of_slots(slot_dir: Path) -> list[Refused]:
    """The folder of GPU slots is not to be trusted: every job would fail at its claim."""
    for folder in (slot_dir, slot_dir / "queue"):
        why = locks.distrust(str(folder))
        if why is not None:
            return [Refused(f"the GPU slots cannot be used: {why}", hint=slots_cure(folder))]
    return []


def slots_cure(folder: Path) -> tuple[str, ...]:
    """The commands that mend a folder of slots."""
    another = "or name another folder: export SWEEPTREE_SLOT_DIR=~/.cache/sweeptree-slots"
    if not folder.is_dir() or folder.is_symlink():
        return (f"move {folder} away", another)
    is_ours = os.geteuid() in (0, folder.stat().st_uid)
    command = f"chmod 1777 {shlex.quote(str(folder))}"
    return (command if is_ours else f"have its owner run: {command}", another)


def _of_place(parent: Path) -> list[Refused]:
    if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
        return []
    hint = "choose another place with --results_dir"
    return [Refused(f"{parent} cannot be written", hint=hint)]


def _of_earlier(paths: SweepPaths, pinned: Pinned, *, resume: bool) -> list[Refused]:
    """An earlier sweep of this name, running or ended."""
    running = holder(paths)
    if running is not None:
        return [_is_running(pinned.spec.exp_name, running)]
    if not paths.root.exists():
        return []
    if not paths.root.is_dir():
        hint = "remove it, or choose another --exp_name"
        return [Refused(f"{paths.root} is not a folder", hint=hint)]
    before = _read_earlier(paths)
    if before is None:
        return []
    if not resume:
        return [_holds_results(paths)]
    if before.get("spec_hash") != pinned.spec_hash:
        return [_is_another_spec(before, pinned)]
    return []


def _read_earlier(paths: SweepPaths) -> Mapping[str, Any] | None:
    """sweep.json of an earlier sweep; empty when it cannot be read, None when there was none."""
    if not any(paths.root.iterdir()):
        return None
    try:
        return read_sweep(paths)
    except RecordError:
        has_results = any(paths.root.glob("job_*")) or paths.summary.exists()
        return {} if has_results else None


def _is_running(exp_name: str, running: Mapping[str, Any]) -> Refused:
    is_known = "pid" in running and "host" in running
    where = f" (process {running['pid']} on {running['host']})" if is_known else ""
    return Refused(
        f"a sweep named {exp_name} is running{where}",
        hint=(f"sweeptree status {exp_name}", _OTHER_NAME),
    )


def _holds_results(paths: SweepPaths) -> Refused:
    return Refused(
        f"{paths.root} holds the results of an earlier sweep",
        hint=("add --resume to go on with what is missing in it", _OTHER_NAME),
    )


def _is_another_spec(before: Mapping[str, Any], pinned: Pinned) -> Refused:
    name = pinned.spec.exp_name
    differences = "\n  ".join(_differences(before, pinned))
    text = f"{name} was started with another spec, so it cannot be resumed with this one"
    return Refused(
        f"{text}:\n  {differences}",
        hint=(f"sweeptree resume {name} goes on with the spec it had", _OTHER_NAME),
    )


def _differences(before: Mapping[str, Any], pinned: Pinned) -> list[str]:
    """What the sweep had and what it would get now, a line for each field that differs."""
    old = before.get("spec")
    if not isinstance(old, dict):
        return ["its sweep.json cannot be read"]
    had = {**old, "commit": (before.get("base") or {}).get("commit")}
    now = {**pinned.spec.model_dump(mode="json"), "commit": pinned.base.commit}
    return [
        f"{name}: {_short(had.get(name))} -> {_short(now.get(name))}"
        for name in _DECIDING
        if had.get(name) != now.get(name)
    ]


def _short(value: object) -> str:
    if not isinstance(value, list):
        return str(value)[:80]
    return f"{len(value)} of them, first {str(value[0])[:60]!r}" if value else "none"
