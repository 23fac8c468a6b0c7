"""The bounds that hold when nobody names others."""

from sweeptree.repair.search import SearchLimits


def test_a_search_is_bounded_in_memory_and_in_what_it_shows() -> None:
    limits = SearchLimits(cpu_seconds=1.0, wall_seconds=2.0)
    assert limits.memory_bytes == 2 * 1024**3
    assert limits.most_repairs == 12
