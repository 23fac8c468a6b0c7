"""The code host: pull requests, labels, reviewers, comments, checks and merges.

Hides GitHub: nothing else in sweeptree imports its library, knows its URLs or sees a token.
"""

from sweeptree.forge.address import RepoAddress, parse_remote, without_secret
from sweeptree.forge.base import Comment, Ensured, Forge, Method, Standing, Wanted
from sweeptree.forge.block import MAX_BODY, block_of
from sweeptree.forge.connect import connect, located, without_token
from sweeptree.forge.tokens import Token, find_token, git_credentials

__all__ = [
    "MAX_BODY",
    "Comment",
    "Ensured",
    "Forge",
    "Method",
    "RepoAddress",
    "Standing",
    "Token",
    "Wanted",
    "block_of",
    "connect",
    "find_token",
    "git_credentials",
    "located",
    "parse_remote",
    "without_secret",
    "without_token",
]
