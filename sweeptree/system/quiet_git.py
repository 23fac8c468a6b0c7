"""The options that keep a repository's own hooks and monitors quiet, for every git that is run.

A module of its own, because the keeper on a node of a cluster runs git too, without site-packages.
"""

OPTIONS = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "core.splitIndex=false",
    "-c", "worktree.useRelativePaths=false",
)  # fmt: skip
