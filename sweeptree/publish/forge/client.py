"""One repository's requests to GitHub: sent one by one, reads repeated after a fault, writes never
blindly.

Hides PyGithub. Its own retry is off: it repeats writes whose answer was lost, and sleeps without a
bound.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sweeptree.errors import ForgeError
from sweeptree.publish.forge.pace import Pace, asked_wait, next_wait
from sweeptree.publish.forge.tokens import Token
from sweeptree.publish.forge.trouble import Refusal, explain, limited, unreachable, words

if TYPE_CHECKING:
    from github.Requester import Requester

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
class _Request:
    verb: str
    path: str
    parameters: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None
    is_graphql: bool = False


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
    def _requester(self) -> Requester:
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
        return github.requester

    def read(self, path: str, doing: str, **parameters: str | int) -> Any:
        """GET. Repeated a few times after a fault. Raises ForgeError, or Refused4xx."""
        for attempt in range(READ_TRIES):
            answer = self._patiently(_Request("GET", path, parameters=parameters), doing)
            if isinstance(answer, _Answer) and answer.status < 500:
                return self._data(answer, doing)
            if attempt < READ_TRIES - 1:
                self._pace.sleep(0.5 * 2**attempt)
        raise self._fault(answer, doing)

    def pages(self, path: str, doing: str, **parameters: str | int) -> Iterator[Any]:
        """The items of a list that comes in pages."""
        for page in range(1, MAX_PAGES + 1):
            items = _items(self.read(path, doing, **parameters, per_page=PER_PAGE, page=page))
            yield from items
            if len(items) < PER_PAGE:
                return

    def write(self, verb: str, path: str, doing: str, body: Mapping[str, Any]) -> Any:
        """POST, PATCH or PUT, once.

        Raises Refused4xx, UnknownOutcome, or ForgeError for a rate limit.
        """
        answer = self._patiently(_Request(verb, path, body=body), doing)
        if isinstance(answer, _Answer) and answer.status < 500:
            return self._data(answer, doing)
        raise UnknownOutcome(self._fault(answer, doing))

    def query(self, words: str, doing: str, **variables: str | int | None) -> Any:
        """A GraphQL query: what it reads. Repeated a few times after a fault."""
        request = _graphql(words, variables)
        for attempt in range(READ_TRIES):
            answer = self._patiently(request, doing)
            if isinstance(answer, _Answer) and answer.status < 500:
                return self._graphql_data(answer, doing)
            if attempt < READ_TRIES - 1:
                self._pace.sleep(0.5 * 2**attempt)
        raise self._fault(answer, doing)

    def mutate(self, words: str, doing: str, **variables: str) -> None:
        """A GraphQL mutation that may be repeated: it sets something to what it shall be."""
        self.query(words, doing, **variables)

    def _graphql_data(self, answer: _Answer, doing: str) -> Any:
        """GraphQL says with status 200 what it refuses."""
        data = self._data(answer, doing)
        if not data.get("errors"):
            return data["data"]
        status = 404 if data["errors"][0].get("type") == "NOT_FOUND" else 403
        message = "; ".join(str(error.get("message")) for error in data["errors"])
        raise Refused4xx(Refusal(status, message[:1000], doing, self._source))

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

    def _patiently(self, request: _Request, doing: str) -> _Answer | Exception:
        """One request; after a rate limit, which did nothing, the same again, within the bound of
        the pace."""
        waited = 0.0
        for attempt in itertools.count():
            answer = self._paced(request)
            asked = None if isinstance(answer, Exception) else _asked_wait(answer)
            if asked is None:
                return answer
            wait = next_wait(asked, attempt)
            if waited + wait > self._pace.max_wait:
                raise limited(doing, wait)
            self._pace.sleep(wait)
            waited += wait
        raise AssertionError("unreachable")

    def _paced(self, request: _Request) -> _Answer | Exception:
        if request.verb == "GET" or _only_reads(request):
            return self._once(request)
        with self._pace.writing():
            return self._once(request)

    def _once(self, request: _Request) -> _Answer | Exception:
        from github import GithubException

        path = self._requester.graphql_url if request.is_graphql else self._root + request.path
        parameters = dict(request.parameters) if request.parameters else None
        body = dict(request.body) if request.body is not None else None
        try:
            headers, data = self._requester.requestJsonAndCheck(
                request.verb, path, parameters=parameters, input=body
            )
        except GithubException as error:
            return _Answer(error.status, _lower_keys(error.headers), error.data)
        except (OSError, RuntimeError) as error:
            return error  # requests' errors are OSErrors; a redirect elsewhere is a RuntimeError
        return _Answer(200, headers, data)


def _graphql(words: str, variables: Mapping[str, Any]) -> _Request:
    body = {"query": words, "variables": dict(variables)}
    return _Request("POST", "", body=body, is_graphql=True)


def _only_reads(request: _Request) -> bool:
    """A GraphQL query is a POST like a mutation."""
    words = str((request.body or {}).get("query", ""))
    return request.is_graphql and words.lstrip().startswith("query")


def _asked_wait(answer: _Answer) -> float | None:
    message = words(answer.status, answer.data)
    return asked_wait(answer.status, answer.headers, message, time.time())


def _lower_keys(headers: Mapping[str, Any] | None) -> dict[str, str]:
    return {key.lower(): str(value) for key, value in (headers or {}).items()}


def _items(page: Any) -> list[Any]:
    """The items of a page: the page itself, or the one list in it."""
    if isinstance(page, list):
        return page
    return next(value for value in page.values() if isinstance(value, list))
