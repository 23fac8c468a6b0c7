"""Fewer points with the shape of all: each metric by itself, as many writers have rows of one kind
between those of another (Lightning: steps and epochs)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sweeptree.analysis.metrics.points import Point


def thinned(points: Sequence[Point], most: int) -> Iterator[Point]:
    """The points with at most `most` values of each metric: evenly spread, the last one among
    them."""
    counts = counted(points)
    strides = {name: -(-count // most) for name, count in counts.items()}
    seen: Counter[str] = Counter()
    for point in points:
        kept: dict[str, float] = {}
        for name, number in point.numbers.items():
            seen[name] += 1
            if not (counts[name] - seen[name]) % strides[name]:
                kept[name] = number
        if kept:
            yield Point(point.step, kept)


def counted(points: Sequence[Point]) -> Counter[str]:
    """How many values of each metric there are."""
    counts: Counter[str] = Counter()
    for point in points:
        counts.update(point.numbers.keys())
    return counts
