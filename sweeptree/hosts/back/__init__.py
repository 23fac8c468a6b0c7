"""Brings back from a host what jobs there made: their lines as they grow, whole files, commits.

Hides the program that follows files there, partial files and their checksums, and how a worktree's
content travels as a commit that a local worktree can be given.
"""
