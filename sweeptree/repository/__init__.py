"""What git knows: the repository, its commits, what differs, merges, remotes, what may leave it.

Hides git: no room above runs it or knows its plumbing. The modules `branches`, `commit_paths`,
`differences`, `guards`, `history`, `leaks`, `merges`, `needs`, `outgoing` and `remotes` are used by
their names: `merges.try_merge(...)`, `remotes.push(...)`.
"""

from sweeptree.repository.commits import Snapshot, snapshot
from sweeptree.repository.repository import (
    Repository,
    find_repository,
    hide_results,
    in_place,
    resolve_base,
)

__all__ = [
    "Repository",
    "Snapshot",
    "find_repository",
    "hide_results",
    "in_place",
    "resolve_base",
    "snapshot",
]
