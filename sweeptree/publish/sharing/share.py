"""Put a sweep's results onto the remote, under a ref that is no branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import PushError, Refused
from sweeptree.publish.delivery import Target
from sweeptree.publish.sharing.files import check_secrets, collect
from sweeptree.repository import branches, remotes, results_refs
from sweeptree.repository.remotes import Remote
from sweeptree.repository.results_refs import PENDING, RESULTS


@dataclass(frozen=True, slots=True)
class Shared:
    """What was shared; `is_news` False: the remote had this very content."""

    ref: str
    commit: str
    files: int
    bytes: int
    is_news: bool
    left_out: tuple[str, ...] = ()


def share(top: Path, root: Path, name: str, target: Target) -> Shared:
    """Push the records and aggregates in `root` as the results `name`.

    Raises Refused for secrets and where there is no remote, PushError where the remote does not
    take them, or holds somebody else's results of that name.
    """
    remote = remote_of(target)
    collected = collect(root)
    check_secrets(collected.files, known_secrets(target))
    ref = f"{RESULTS}/{name}"
    there = remotes.refs(top, remote, ref).get(ref)
    _check_ours(top, name, there, remote)
    size = sum(map(len, collected.files.values()))

    pending, message = f"{PENDING}/{name}", f"Results of the sweep {name}"
    commit = results_refs.write_commit(top, pending, collected.files, message, there)
    is_news = there is None or branches.tree_id(top, commit) != branches.tree_id(top, there)
    if is_news:
        remotes.push_ref(top, remote, commit, ref, expected=there)
    results_refs.set_ref(top, ref, commit if is_news else there)
    results_refs.set_ref(top, pending, None)
    now = commit if is_news or there is None else there
    return Shared(ref, now, len(collected.files), size, is_news, collected.left_out)


def _check_ours(top: Path, name: str, there: str | None, remote: Remote) -> None:
    """Raise PushError where somebody else's results stand there."""
    ours: Sequence[str | None] = (
        branches.commit_of(top, f"{RESULTS}/{name}"),
        branches.commit_of(top, f"{PENDING}/{name}"),
    )
    if there is None or there in ours:
        return
    raise PushError(
        f"{remote.name} has results named {name} that were not shared from here ({there[:12]})",
        kind="moved",
        hint=("sweeptree fetch   brings them", f"share these under another name: --as {name}-2"),
    )


def remote_of(target: Target) -> Remote:
    """The remote. Raises Refused where there is none."""
    if target.remote is None:
        raise Refused("there is no remote to share with", hint=target.hints or ("git remote add",))
    return target.remote


def known_secrets(target: Target) -> tuple[str, ...]:
    """The token in use, which must not leave in a file either."""
    return (target.token.value,) if target.token else ()
