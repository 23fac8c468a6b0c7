"""Boards of planned jobs, and what a ledger tells them."""

from core.cli_records import CONFIGS
from sweeptree.cli.screens.board import Board
from sweeptree.records import SweepPaths


def board(number: int, paths: SweepPaths) -> Board:
    """A board of `number` planned jobs."""
    jobs = [{"id": n, "config_id": CONFIGS[n % 2], "seed": n} for n in range(number)]
    return Board(paths, jobs, metric="val_auc:max")


def entry(index: int, state: str, **fields: object) -> dict[str, object]:
    """A line of the ledger."""
    return {"id": index, "state": state, "attempt": 1, **fields}
