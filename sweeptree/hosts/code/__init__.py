"""Brings to a host what jobs there need of a project: the commit and what stands beside it.

Hides the bare repository on the host, the ways a commit may take, and what becomes of submodules,
LFS objects, files of `.worktreeinclude`, links and data, which are never copied.
"""
