"""A spec becomes jobs: commands, templates, grids, seeds, and what a command says about itself.

Pure, but for the one file of commands that a user names.
"""

from sweeptree.plan.commands import MAX_COMMANDS_BYTES, load_commands
from sweeptree.plan.configs import MAX_CONFIG_ID, config_ids
from sweeptree.plan.jobs import make_jobs, spec_hash
from sweeptree.plan.params import Reading, is_seed_name, read_command, typed
from sweeptree.plan.remarks import grid_remarks, remarks, scripts
from sweeptree.plan.shell import simple_commands

__all__ = [
    "MAX_COMMANDS_BYTES",
    "MAX_CONFIG_ID",
    "Reading",
    "config_ids",
    "grid_remarks",
    "is_seed_name",
    "load_commands",
    "make_jobs",
    "read_command",
    "remarks",
    "scripts",
    "simple_commands",
    "spec_hash",
    "typed",
]
