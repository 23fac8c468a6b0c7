"""What only a worktree's index holds, as a commit: staged content that no file has any more.

Hides that an index in the middle of a merge has no tree of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sweeptree.repository import plumbing
from sweeptree.repository.branches import tree_id
from sweeptree.repository.commits import commit_tree, copied_index
from sweeptree.repository.repository import Repository
from sweeptree.worktrees import registry

_FILES = ("100", "120")  # modes of what is a blob


def index_tree(top: Path, index: Path) -> str | None:
    """A tree with every blob that the index names; of one in the middle of a merge, a plain list.

    None without an index.
    """
    if not index.exists():
        return None
    with copied_index(index) as copy:
        call = plumbing.Call(env={"GIT_INDEX_FILE": str(copy)})
        answer = plumbing.ask(top, *plumbing.DURABLE, "write-tree", call=call)
        if not answer.code:
            return answer.out.decode().strip()
        listing = plumbing.names(plumbing.run(top, "ls-files", "-s", "-z", call=call))
    return _list_tree(top, {line.split(" ")[1] for line in listing if line.startswith(_FILES)})


def _list_tree(top: Path, objects: Iterable[str]) -> str:
    present = [
        found for found in sorted(objects) if not plumbing.ask(top, "cat-file", "-e", found).code
    ]
    lines = "".join(f"100644 blob {found}\t{found}\n" for found in present)
    words = (*plumbing.DURABLE, "mktree")
    return plumbing.run(top, *words, call=plumbing.Call(lines.encode())).decode().strip()


def save_index(repo: Repository, prefix: str, entry: Path) -> list[str]:
    """Give what is staged in a worktree a ref `prefix`-index-<hash8>; returns the ref made.

    Nothing where the index holds what HEAD does. The worktree's folder need not be there.
    """
    tree, head = index_tree(repo.top, entry / "index"), registry.head_of(repo, entry)
    if tree is None or (head is not None and tree == tree_id(repo.top, head)):
        return []
    commit = commit_tree(repo.top, tree, [head] if head else [], "What was staged in a worktree")
    ref = f"{prefix}-index-{commit[:8]}"
    plumbing.run(repo.top, *plumbing.DURABLE, "update-ref", ref, commit)
    return [ref]
