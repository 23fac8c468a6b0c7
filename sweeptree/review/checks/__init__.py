"""The checks of a review: each looks at base and head in its own way and gives a `CheckResult`.

Hides every tool's options and output. A check that cannot be made says why.
"""
