"""Leaderboards by git, without a server: a sweep's records and aggregates as a commit under
refs/sweeptree/results/NAME, pushed and fetched. No branch is touched.

Hides: which files those are, that secrets never leave, and that what others shared is not trusted.
"""

from sweeptree.publish.sharing.fetching import Fetched, fetch
from sweeptree.publish.sharing.share import Shared, share

__all__ = ["Fetched", "Shared", "fetch", "share"]
