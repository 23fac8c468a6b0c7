"""The mark that every process of a job carries in its environment: which launch it belongs to."""

COOKIE = "SWEEPTREE_COOKIE"
COOKIE_MARK = "#"
