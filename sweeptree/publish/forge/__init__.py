"""The code host: pull requests, labels, reviewers, comments, checks and merges.

Hides GitHub: nothing else in sweeptree imports its library, knows its URLs or sees a token.
"""

from sweeptree.publish.forge.address import RepoAddress, parse_remote, without_secret
from sweeptree.publish.forge.base import Comment, Ensured, Forge, Method, Ranking, Wanted
from sweeptree.publish.forge.block import MAX_BODY, block_of
from sweeptree.publish.forge.connect import connect, located, without_token
from sweeptree.publish.forge.tokens import Token, find_token, git_credentials

__all__ = [
    "MAX_BODY",
    "Comment",
    "Ensured",
    "Forge",
    "Method",
    "Ranking",
    "RepoAddress",
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
