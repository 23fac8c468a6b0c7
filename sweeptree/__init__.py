"""sweeptree: hyperparameter sweeps as Prefect flows.

A git worktree per job, the records on disk as the truth.
"""

# as typing.TYPE_CHECKING, without its import: every keeper pays for this module
TYPE_CHECKING = False
if TYPE_CHECKING:
    from sweeptree.jobside import log

__version__ = "0.1.0"
__all__ = ["__version__", "load", "log"]


def __getattr__(name: str) -> object:
    """`sweeptree.log` and `sweeptree.load`, loaded when they are asked for."""
    if name == "log":
        from sweeptree.jobside import log

        return log
    if name == "load":
        from importlib import import_module  # what is named below must not hang on this module

        return import_module("sweeptree.cli.notebook").load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
