"""What the records say: metrics, statistics, aggregates, comparisons, and how they are worded."""
