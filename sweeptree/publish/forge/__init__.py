"""The code host: pull requests, labels, reviewers, comments, checks and merges.

Hides GitHub: nothing else in sweeptree imports its library, knows its URLs or sees a token.
"""

from sweeptree.publish.forge.address import RepoAddress, parse_remote, without_secret
from sweeptree.publish.forge.base import (
    Comment,
    Ensured,
    Forge,
    LineComment,
    Method,
    Readiness,
    Reviewed,
    Thread,
    Wanted,
)
from sweeptree.publish.forge.block import MAX_BODY, make_block
from sweeptree.publish.forge.connect import connect, missing_token_hints, pull_request_repository
from sweeptree.publish.forge.readiness import MERGE_RESULT
from sweeptree.publish.forge.tokens import Token, find_token, git_credentials

__all__ = [
    "MAX_BODY",
    "MERGE_RESULT",
    "Comment",
    "Ensured",
    "Forge",
    "LineComment",
    "Method",
    "Readiness",
    "RepoAddress",
    "Reviewed",
    "Thread",
    "Token",
    "Wanted",
    "connect",
    "find_token",
    "git_credentials",
    "make_block",
    "missing_token_hints",
    "parse_remote",
    "pull_request_repository",
    "without_secret",
]
