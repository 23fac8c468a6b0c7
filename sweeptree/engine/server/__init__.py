"""The managed local Prefect server: started once in the background, reused, watched, stopped on
request.

Hides: how exactly one server per home comes to life and stays findable (a flocked file, a pid with
its start time, never a bare pid), which settings it runs under, and how a dead one is brought back
below a running sweep. Quick to import: neither prefect nor an HTTP library; only the server's own
process and `set_limit` need Prefect.
"""

from sweeptree.engine.server.config import (
    Server,
    StartPolicy,
    access,
    environment,
    offline_environment,
)
from sweeptree.engine.server.limits import set_limit
from sweeptree.engine.server.process import (
    database_trouble,
    ensure,
    own_port,
    set_database_aside,
    status,
    stop,
    stopped_on_request,
)
from sweeptree.engine.server.token import authorization
from sweeptree.engine.server.watchdog import Outage, Watchdog

__all__ = [
    "Outage",
    "Server",
    "StartPolicy",
    "Watchdog",
    "access",
    "authorization",
    "database_trouble",
    "ensure",
    "environment",
    "offline_environment",
    "own_port",
    "set_database_aside",
    "set_limit",
    "status",
    "stop",
    "stopped_on_request",
]
