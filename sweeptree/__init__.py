"""sweeptree: hyperparameter sweeps as Prefect flows, a git worktree per job, the records on disk as the truth."""

__version__ = "0.1.0"
