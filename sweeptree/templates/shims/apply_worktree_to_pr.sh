#!/bin/sh
# A worktree's work as a branch and a draft pull request: <worktree> <branch> [title] [--dry-run] [--base B] ...
# Handed to `sweeptree pr`, which takes the same options; `sweeptree pr --help` lists them.
. "$(dirname "$0")/find_sweeptree.sh"
exec "$sweeptree" pr "$@"
