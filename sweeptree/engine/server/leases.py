"""The leases of sweeps over hosts, served beside Prefect's app by the managed server's process.

Hides where they stand: a SQLite file of their own, so that no lease waits for Prefect's writes.
"""

from __future__ import annotations

from sweeptree.engine.server.config import ServerPaths
from sweeptree.engine.server.gate import App, Message, Receive, Send
from sweeptree.engine.server.token import authorization
from sweeptree.hosts.leases.app import PREFIX, LeaseApp


def with_leases(app: App, paths: ServerPaths, auth: str) -> App:
    """An application that answers calls about leases itself and passes all else on."""
    leases = LeaseApp(paths.leases, authorization(auth))

    async def either(scope: Message, receive: Receive, send: Send) -> None:
        is_call = scope["type"] == "http" and str(scope["path"]).startswith(PREFIX)
        await (leases if is_call else app)(scope, receive, send)

    return either
