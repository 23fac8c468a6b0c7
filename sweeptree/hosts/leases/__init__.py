"""Who runs which job of a sweep over hosts: leases, fenced by attempt numbers.

Hides the endpoint beside the managed server (or in a small process of its own), its SQLite file,
and how a lane or a driver goes on when the endpoint was away. `store` has the rules, `app` and
`serve` answer by HTTP, `client` asks.
"""
