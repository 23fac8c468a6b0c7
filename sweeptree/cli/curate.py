"""`sweeptree curate`: the Data Curator on the command line."""

from sweeptree.ecg.cli import curate_command as curate

__all__ = ["curate"]
