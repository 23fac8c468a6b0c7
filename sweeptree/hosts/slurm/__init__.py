"""A sweep on a Slurm cluster: arrays whose batch script is the keeper.

    node/       what runs on a node, with the standard library alone
    cluster     Slurm's commands, their patience with a controller that is away
    executor    the driver's side: submits, waits, adopts

Hides that Slurm is asked for two things only: to start keepers, and why one ended. How a job went
stands in its files. This door loads nothing.
"""
