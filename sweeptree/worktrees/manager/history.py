"""How far worktrees are from the trunk, and what no remote has: asked for all of them at once.

Hides that two commands answer for any number of worktrees: the commits above what all have in
common, with their parents, from which each distance is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sweeptree.repository import plumbing
from sweeptree.repository.branches import commit_of, current_branch
from sweeptree.repository.repository import Repository

Graph = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Trunk:
    """What work is to be merged into: the remote's default branch, else the main work tree's."""

    name: str
    commit: str | None


def find_trunk(repo: Repository) -> Trunk:
    """The trunk of the repository."""
    words = ("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    name = plumbing.ask(repo.top, *words).out.decode("utf-8", "replace").strip()
    if name:
        return Trunk(name, commit_of(repo.top, f"refs/remotes/{name}"))
    name = current_branch(repo.top) or "HEAD"
    return Trunk(name, commit_of(repo.top, "HEAD"))


def distances(repo: Repository, trunk: Trunk, heads: Iterable[str]) -> dict[str, tuple[int, int]]:
    """For each head the commits that the trunk lacks, and those of the trunk that it lacks."""
    wanted = dict.fromkeys(heads)
    if trunk.commit is None:
        return {}
    others = [head for head in wanted if head != trunk.commit]
    known = dict.fromkeys(wanted, (0, 0))
    if not others:
        return known
    graph = _graph(repo, [trunk.commit, *others], _common(repo, [trunk.commit, *others]))
    of_trunk = _reached(graph, trunk.commit)
    for head in others:
        of_head = _reached(graph, head)
        known[head] = (len(of_head - of_trunk), len(of_trunk - of_head))
    return known


def _common(repo: Repository, commits: list[str]) -> list[str]:
    """A commit that all of them came after; none where there is none."""
    found = plumbing.ask(repo.top, "merge-base", "--octopus", *commits)
    return [f"^{line}" for line in found.out.decode().split()[:1]]


def _graph(repo: Repository, commits: Iterable[str], known: Iterable[str]) -> Graph:
    data = "".join(f"{commit}\n" for commit in (*commits, *known)).encode()
    words = ("rev-list", "--parents", "--stdin")
    listing = plumbing.run(repo.top, *words, call=plumbing.Call(data))
    rows = (line.split() for line in listing.decode().splitlines())
    return {row[0]: row[1:] for row in rows}


def _reached(graph: Graph, start: str) -> set[str]:
    """The commits of the graph that `start` is or came after."""
    found: set[str] = set()
    todo = [start]
    while todo:
        commit = todo.pop()
        if commit in graph and commit not in found:
            found.add(commit)
            todo += graph[commit]
    return found


def unpushed(repo: Repository, heads: Iterable[str]) -> dict[str, int] | None:
    """For each head the commits that no remote is known to have; None where there is no remote."""
    wanted = dict.fromkeys(heads)
    remotes = plumbing.text(repo.top, "for-each-ref", "--count=1", "refs/remotes")
    if not remotes:
        return None
    data = "".join(f"{head}\n" for head in wanted).encode()
    words = ("rev-list", "--parents", "--stdin", "--not", "--remotes")
    listing = plumbing.run(repo.top, *words, call=plumbing.Call(data))
    graph = {row[0]: row[1:] for row in map(str.split, listing.decode().splitlines())}
    return {head: len(_reached(graph, head)) for head in wanted}
