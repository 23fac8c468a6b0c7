"""A spec becomes jobs: commands, templates, grids, seeds, and what a command says about itself.

Pure.
"""

from sweeptree.plan.jobs import (
    MAX_COMMANDS_BYTES,
    load_commands,
    make_jobs,
    parse_duration,
    parse_grid,
    parse_seeds,
    shorten,
    spec_hash,
)
from sweeptree.plan.params import (
    MAX_CONFIG_ID,
    Reading,
    config_ids,
    is_seed_name,
    read_command,
    typed,
)

__all__ = [
    "MAX_COMMANDS_BYTES",
    "MAX_CONFIG_ID",
    "Reading",
    "config_ids",
    "is_seed_name",
    "load_commands",
    "make_jobs",
    "parse_duration",
    "parse_grid",
    "parse_seeds",
    "read_command",
    "shorten",
    "spec_hash",
    "typed",
]
