"""The test forge's side of the REST interface: pull requests over the bare repository, as GitHub
would answer."""

import copy
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forge.cut_openapi import REPO
from forge.openapi import OpenApi
from forge.repository import Bare

OWNER, NAME = "ada", "ecg"


@dataclass
class Answer:
    """Status, JSON and headers of a response."""

    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """Something that goes wrong once or more.

    `after`: the work is done, only its answer is lost.
    """

    verb: str
    path: str
    status: int | str
    after: bool = False
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "fault"


@dataclass
class Request:
    """One request as it came in."""

    verb: str
    path: str
    query: str
    body: Any
    is_git: bool = False

    def __str__(self) -> str:
        return f"{self.verb} {self.path.removeprefix(f'/repos/{OWNER}/{NAME}')}"


@dataclass
class Remark:
    """One comment of a thread."""

    id: str
    body: str
    author: str


@dataclass
class Conversation:
    """A thread on a line of a pull request, and who resolved it. `text`: what the line held."""

    id: str
    path: str
    line: int
    text: str
    remarks: list[Remark]
    resolved_by: str | None = None


@dataclass
class Pull:
    """One pull request. `head` is frozen once it is closed."""

    number: int
    title: str
    body: str
    branch: str
    base: str
    author: str
    draft: bool
    state: str = "open"
    head: str = ""
    merged_as: str = ""
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    threads: list[Conversation] = field(default_factory=list)


class Hub:
    """All that the forge knows.

    `log`: every request; `errors`: every breach of GitHub's description.
    """

    def __init__(self, root: Path, api: OpenApi) -> None:
        self.api = api
        self.root = root
        self.repo = Bare(root / OWNER / f"{NAME}.git")
        self.token = "gho_" + "T" * 36
        self.people = {"ada": "write", "grace": "write", "linus": "write"}
        self.pulls: dict[int, Pull] = {}
        self.statuses: dict[str, list[dict[str, Any]]] = {}
        self.checks: dict[str, list[dict[str, Any]]] = {}
        self.required_checks: list[str] = []
        self.required_approvals = 0
        self.has_drafts = True
        self.faults: list[Fault] = []
        self.log: list[Request] = []
        self.errors: list[str] = []
        self.lock = threading.RLock()
        self.url = ""
        self._next = 100

    @property
    def calls(self) -> list[str]:
        """The REST requests, as short text."""
        return [str(request) for request in self.log if not request.is_git]

    @property
    def remote(self) -> str:
        """The repository's URL, without a secret."""
        return f"{self.url}/{OWNER}/{NAME}.git"

    def refresh(self) -> None:
        """What GitHub does in the background: heads follow pushes, a head that the base contains is
        merged."""
        for pull in self.pulls.values():
            if pull.state != "open":
                continue
            pull.head = self.repo.tip(pull.branch) or pull.head
            self.repo.git("update-ref", f"refs/pull/{pull.number}/head", pull.head)
            if self.repo.contains(pull.head, self.repo.tip(pull.base)):
                pull.state, pull.merged_as = "closed", self.repo.tip(pull.base)

    def pull_json(
        self, pull: Pull, name: str = f"GET {REPO}/pulls/{{pull_number}}"
    ) -> dict[str, Any]:
        """A pull request as JSON: GitHub's own example with this one's values."""
        item = copy.deepcopy(self.api.example(name, 200))
        item = item[0] if isinstance(item, list) else item
        item |= {
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "state": pull.state,
            "draft": pull.draft,
            "html_url": f"{self.url}/{OWNER}/{NAME}/pull/{pull.number}",
            "labels": [self._label(label) for label in pull.labels],
            "requested_reviewers": [self.user(who) for who in pull.reviewers],
            "requested_teams": [],
            "merged_at": "2026-01-02T03:04:05Z" if pull.merged_as else None,
            "merge_commit_sha": pull.merged_as or None,
            "user": self.user(pull.author),
        }
        if "merged" in item:
            item["merged"] = bool(pull.merged_as)
        for side, ref, sha in (
            ("head", pull.branch, pull.head),
            ("base", pull.base, self.repo.tip(pull.base)),
        ):
            item[side] |= {"ref": ref, "sha": sha or "0" * 40, "label": f"{OWNER}:{ref}"}
            item[side]["repo"]["full_name"] = f"{OWNER}/{NAME}"
        return item

    def user(self, login: str) -> dict[str, Any]:
        """A person as JSON."""
        user = copy.deepcopy(self.api.example(f"GET {REPO}/pulls/{{pull_number}}", 200)["user"])
        return user | {"login": login, "id": sum(map(ord, login))}

    def _label(self, name: str) -> dict[str, Any]:
        label = copy.deepcopy(
            self.api.example(f"POST {REPO}/issues/{{issue_number}}/labels", 200)[0]
        )
        return label | {"name": name, "id": sum(map(ord, name))}

    def next_id(self) -> int:
        """A number that nothing else has."""
        self._next += 1
        return self._next

    def review(self, number: int, who: str, state: str, commit: str | None = None) -> None:
        """Somebody reviews: APPROVED, CHANGES_REQUESTED or COMMENTED."""
        pull = self.pulls[number]
        review = copy.deepcopy(
            self.api.example(f"GET {REPO}/pulls/{{pull_number}}/reviews", 200)[0]
        )
        review |= {"id": self.next_id(), "user": self.user(who), "state": state}
        review["node_id"] = f"R{review['id']}"
        pull.reviews.append(review | {"commit_id": commit or self.repo.tip(pull.branch)})
        pull.reviewers = [name for name in pull.reviewers if name != who]

    def check(self, commit: str, name: str, conclusion: str | None) -> None:
        """A check run on a commit; None: it still runs."""
        run = copy.deepcopy(
            self.api.example(f"GET {REPO}/commits/{{ref}}/check-runs", 200)["check_runs"][0]
        )
        run |= {
            "name": name,
            "status": "completed" if conclusion else "in_progress",
            "conclusion": conclusion,
        }
        self.checks.setdefault(commit, []).append(run | {"head_sha": commit, "id": self.next_id()})

    def green_checks(self, commit: str) -> set[str]:
        """The statuses and check runs of a commit whose last word is success."""
        latest = {status["context"]: status["state"] for status in self.statuses.get(commit, ())}
        latest |= {run["name"]: run["conclusion"] for run in self.checks.get(commit, ())}
        return {name for name, state in latest.items() if state == "success"}

    def close(self, number: int) -> None:
        """A human closes the pull request."""
        self.refresh()
        self.pulls[number].state = "closed"
