"""The benchmarks: `python -m tests.bench [NAME...] [--quick]`. docs/benchmarks.md has figures; no
time is asserted."""
