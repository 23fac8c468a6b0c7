"""One repository's requests to GitHub: sent one by one, reads repeated after a fault, writes never
blindly.

Hides PyGithub. Its own retry is off: it repeats writes whose answer was lost, and sleeps without a
bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sweeptree.errors import ForgeError
from sweeptree.publish.forge.pace import Pace, asked_wait
from sweeptree.publish.forge.tokens import Token
from sweeptree.publish.forge.trouble import Refusal, explain, limited, unreachable, words

TIMEOUT = 30  # seconds without an answer
READ_TRIES = 4
MAX_PAGES = 20
PER_PAGE = 100


class Refused4xx(Exception):  # noqa: N818 - an answer, not a fault
    """The forge understood and said no. The caller decides, else it becomes a ForgeError."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class UnknownOutcome(Exception):  # noqa: N818
    """A write got no usable answer: it may have happened.

    The caller must look before it writes again.
    """

    def __init__(self, error: ForgeError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    data: Any


class Client:
    """Requests below /repos/OWNER/REPO."""

    def __init__(self, api_url: str, full_name: str, token: Token, pace: Pace) -> None:
        self._api_url = api_url
        self._root = f"/repos/{full_name}"
        self._token = token
        self._source = token.source
        self._pace = pace

    @cached_property
    def _send(self) -> Callable[..., Any]:
        """PyGithub's sender; its import costs most of a second, so a dry run does without."""
        from github import Auth, Github

        github = Github(
            base_url=self._api_url,
            auth=Auth.Token(self._token.value),
            timeout=TIMEOUT,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            user_agent="sweeptree",
            lazy=True,
        )
        return github.requester.requestJsonAndCheck

    def read(self, path: str, doing: str, **parameters: str | int) -> Any:
        """GET. Repeated a few times after a fault. Raises ForgeError, or Refused4xx."""
        for attempt in range(READ_TRIES):
            answer = self._patiently("GET", path, doing, parameters=parameters)
            if isinstance(answer, _Answer) and answer.status < 500:
                return self._data(answer, doing)
            if attempt < READ_TRIES - 1:
                self._pace.sleep(0.5 * 2**attempt)
        raise self._fault(answer, doing)

    def pages(self, path: str, doing: str, **parameters: str | int) -> Iterator[Any]:
        """The items of a list that comes in pages."""
        for page in range(1, MAX_PAGES + 1):
            found = self.read(path, doing, **parameters, per_page=PER_PAGE, page=page)
            items = (
                found
                if isinstance(found, list)
                else next(v for v in found.values() if isinstance(v, list))
            )
            yield from items
            if len(items) < PER_PAGE:
                return

    def write(self, verb: str, path: str, doing: str, body: Mapping[str, Any]) -> Any:
        """POST, PATCH or PUT, once.

        Raises Refused4xx, UnknownOutcome, or ForgeError for a rate limit.
        """
        answer = self._patiently(verb, path, doing, body=body)
        if isinstance(answer, _Answer) and answer.status < 500:
            return self._data(answer, doing)
        raise UnknownOutcome(self._fault(answer, doing))

    def _data(self, answer: _Answer, doing: str) -> Any:
        if answer.status < 400:
            return answer.data
        refusal = Refusal(answer.status, words(answer.status, answer.data), doing, self._source)
        if answer.status == 401:
            raise explain(refusal)
        raise Refused4xx(refusal)

    def _fault(self, answer: _Answer | Exception, doing: str) -> ForgeError:
        if isinstance(answer, Exception):
            return unreachable(doing, answer)
        return explain(
            Refusal(answer.status, words(answer.status, answer.data), doing, self._source)
        )

    def _patiently(
        self,
        verb: str,
        path: str,
        doing: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> _Answer | Exception:
        """One request; after a rate limit, which did nothing, the same again, within the bound of
        the pace."""
        waited = 0.0
        while True:
            answer = self._paced(verb, path, parameters, body)
            if isinstance(answer, Exception):
                return answer
            wait = asked_wait(
                answer.status, answer.headers, words(answer.status, answer.data), time.time()
            )
            if wait is None:
                return answer
            if waited + wait > self._pace.max_wait:
                raise limited(doing, wait)
            self._pace.sleep(wait)
            waited += max(wait, 1.0)

    def _paced(
        self,
        verb: str,
        path: str,
        parameters: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
    ) -> _Answer | Exception:
        if verb == "GET":
            return self._once(verb, path, parameters, body)
        with self._pace.writing():
            return self._once(verb, path, parameters, body)

    def _once(
        self,
        verb: str,
        path: str,
        parameters: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
    ) -> _Answer | Exception:
        from github import GithubException

        try:
            headers, data = self._send(
                verb,
                self._root + path,
                parameters=dict(parameters) if parameters else None,
                input=dict(body) if body is not None else None,
            )
        except GithubException as error:
            return _Answer(
                error.status,
                {k.lower(): str(v) for k, v in (error.headers or {}).items()},
                error.data,
            )
        except (
            OSError,
            RuntimeError,
        ) as error:  # requests' errors are OSErrors; a redirect elsewhere is a RuntimeError
            return error
        return _Answer(200, headers, data)
