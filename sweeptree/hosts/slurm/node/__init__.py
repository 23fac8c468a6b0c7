"""One task of an array on its node: a worktree, the command under this keeper, what it left.

It is loaded from a zip file on the shared file system by the node's own Python, without
site-packages (`packing`), and reads what it is to do from files beside that (`manifest`). Standard
library only, and as little of it as possible: each import is paid for in every job.
"""
