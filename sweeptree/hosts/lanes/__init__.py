"""A sweep over hosts: one lane on each, which leases jobs and runs them as a sweep of one machine.

Hides: how a lane comes up on a host and goes on by itself when driver, server or cable are away;
and how a job's events at the lease server become its record, its files and its worktree here.
"""
