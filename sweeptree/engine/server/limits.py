"""Prefect's concurrency limits, which show in the UI how many jobs may hold or await a GPU.

Hides: that a limit on a task's tag is a global concurrency limit named `tag:<tag>` (Prefect 3).
"""

from __future__ import annotations

from sweeptree.errors import ServerError


def set_limit(api_url: str, name: str, slots: int) -> None:
    """Create or change the limit on the tag `name`: at most `slots` task runs with it at once.

    Imports prefect.

    Slots in use stay in use. Raises ServerError when the server cannot be asked.
    """
    import httpx
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.exceptions import PrefectHTTPStatusError
    from prefect.settings import get_current_settings

    secret = get_current_settings().api.auth_string
    auth = secret.get_secret_value() if secret is not None else None
    try:
        with SyncPrefectClient(api_url, auth_string=auth) as client:
            try:
                client.upsert_global_concurrency_limit_by_name(f"tag:{name}", slots)
            except PrefectHTTPStatusError:  # another sweep made it between our look and our write
                client.upsert_global_concurrency_limit_by_name(f"tag:{name}", slots)
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        raise ServerError(
            f"the limit of {slots} on the tag {name} could not be set: {error}",
            hint="sweeptree server status",
        ) from error
