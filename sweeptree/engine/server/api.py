"""One question to the API of a managed server, with its token and the standard library alone."""

from __future__ import annotations

import http.client
import json
from typing import Any

from sweeptree.engine.server.config import HOST, Server
from sweeptree.engine.server.token import auth_string, authorization
from sweeptree.errors import ServerError

_SECONDS = 15.0


def ask(server: Server, method: str, path: str, body: object = None) -> bytes:
    """The body of a good answer. Raises ServerError for any other, Refused for a bad token."""
    data = b"" if body is None else json.dumps(body).encode()
    headers = {
        "Authorization": authorization(auth_string(server.home)),
        "Content-Type": "application/json",
    }
    connection = http.client.HTTPConnection(HOST, server.port, timeout=_SECONDS)
    try:
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        status, found = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise _failed(f"does not answer: {error}") from error
    finally:
        connection.close()
    if status not in (http.client.OK, http.client.CREATED):
        raise _failed(f"answers {path} with {status}")
    return found


def ask_json(server: Server, method: str, path: str, body: object = None) -> Any:
    """The same, as a JSON value."""
    return json.loads(ask(server, method, path, body))


def _failed(why: str) -> ServerError:
    return ServerError(
        f"the Prefect server {why}",
        hint=("sweeptree server status", "or start it anew: sweeptree server stop, then start"),
    )
