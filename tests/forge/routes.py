"""What each request of the REST interface does, with GitHub's own refusals."""

import copy
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from forge.cut_openapi import REPO
from forge.graphql import is_in_diff, open_thread
from forge.hub import NAME, OWNER, Answer, Hub, Pull, Request

Route = Callable[[Hub, Request, dict[str, str]], Answer]
_ROUTES: list[tuple[str, re.Pattern[str], Route]] = []


def route(verb: str, path: str) -> Callable[[Route], Route]:
    """Register the answer to a request below /repos/OWNER/REPO."""

    def register(function: Route) -> Route:
        _ROUTES.append((verb, re.compile(f"/repos/{OWNER}/{NAME}{path}"), function))
        return function

    return register


def answer(hub: Hub, request: Request) -> Answer:
    """The answer to a request."""
    hub.refresh()
    for verb, pattern, function in _ROUTES:
        match = pattern.fullmatch(request.path)
        if verb == request.verb and match:
            return function(hub, request, match.groupdict())
    return refused(404, "Not Found")


def refused(status: int, message: str, *errors: dict[str, str]) -> Answer:
    """An error as GitHub says it."""
    data: dict[str, Any] = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    return Answer(status, data | ({"errors": list(errors)} if errors else {}))


def invalid(message: str = "", **fields: str) -> Answer:
    """422 with one error."""
    code = "custom" if message else "invalid"
    error = {"resource": "PullRequest", "code": code, **fields} | (
        {"message": message} if message else {}
    )
    return refused(422, "Validation Failed", error)


@route("GET", "/pulls")
def list_pulls(hub: Hub, request: Request, _: dict[str, str]) -> Answer:
    query = {key: values[0] for key, values in parse_qs(request.query).items()}
    found = list(hub.pulls.values())
    if query.get("state", "open") != "all":
        found = [pull for pull in found if pull.state == query.get("state", "open")]
    owner, colon, branch = query.get("head", "").partition(":")
    if colon:  # without an owner GitHub ignores the filter
        found = [pull for pull in found if owner == OWNER and pull.branch == branch]
    if "base" in query:
        found = [pull for pull in found if pull.base == query["base"]]
    found.sort(key=lambda pull: pull.number, reverse=query.get("direction", "desc") == "desc")
    return Answer(200, [hub.pull_json(pull, f"GET {REPO}/pulls") for pull in found])


@route("POST", "/pulls")
def open_pull(hub: Hub, request: Request, _: dict[str, str]) -> Answer:
    body = request.body
    branch = str(body["head"]).removeprefix(f"{OWNER}:")
    if not hub.repo.tip(branch):
        return invalid(field="head")
    if not hub.repo.tip(body["base"]):
        return invalid(field="base")
    if any(
        p.branch == branch and p.base == body["base"] and p.state == "open"
        for p in hub.pulls.values()
    ):
        return invalid(f"A pull request already exists for {OWNER}:{branch}.")
    if not hub.repo.ahead(hub.repo.tip(body["base"]), hub.repo.tip(branch)):
        return invalid(f"No commits between {body['base']} and {branch}")
    if body.get("draft") and not hub.has_drafts:
        return invalid("Draft pull requests are not supported in this repository.")
    number = len(hub.pulls) + 1
    hub.pulls[number] = Pull(
        number,
        body["title"],
        body.get("body") or "",
        branch,
        body["base"],
        "ada",
        bool(body.get("draft")),
    )
    hub.refresh()
    return Answer(201, hub.pull_json(hub.pulls[number]))


@route("GET", r"/pulls/(?P<number>\d+)")
def get_pull(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    pull = hub.pulls.get(int(found["number"]))
    return Answer(200, hub.pull_json(pull)) if pull else refused(404, "Not Found")


@route("PATCH", r"/pulls/(?P<number>\d+)")
def edit_pull(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    pull = hub.pulls[int(found["number"])]
    pull.title = request.body.get("title", pull.title)
    pull.body = request.body.get("body", pull.body)
    return Answer(200, hub.pull_json(pull))


@route("POST", r"/issues/(?P<number>\d+)/labels")
def add_labels(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    pull = hub.pulls[int(found["number"])]
    labels = request.body["labels"]
    if any(len(label) > 50 for label in labels):
        return refused(
            422, "Validation Failed", {"resource": "Label", "code": "invalid", "field": "name"}
        )
    pull.labels += [label for label in labels if label not in pull.labels]
    return Answer(200, hub.pull_json(pull)["labels"])


@route("POST", r"/pulls/(?P<number>\d+)/requested_reviewers")
def ask_reviewers(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    pull = hub.pulls[int(found["number"])]
    names = request.body.get("reviewers", [])
    if pull.author in names:
        return refused(422, "Review cannot be requested from pull request author.")
    if any(name not in hub.people for name in names):
        return refused(422, "Reviews may only be requested from collaborators.")
    pull.reviewers += [name for name in names if name not in pull.reviewers]
    return Answer(201, hub.pull_json(pull, f"GET {REPO}/pulls"))


@route("GET", r"/pulls/(?P<number>\d+)/reviews")
def list_reviews(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    return Answer(200, hub.pulls[int(found["number"])].reviews)


@route("POST", r"/pulls/(?P<number>\d+)/reviews")
def post_review(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    pull, body = hub.pulls[int(found["number"])], request.body
    if body["event"] == "COMMENT" and not body.get("body"):
        return refused(422, "Unprocessable Entity: body is required")
    for comment in body.get("comments", ()):
        if not is_in_diff(hub, pull, comment):
            return refused(422, "Unprocessable Entity: line must be part of the diff")
    review = copy.deepcopy(hub.api.example(f"POST {REPO}/pulls/{{pull_number}}/reviews", 200))
    review |= {"id": hub.next_id(), "node_id": f"R{hub.next_id()}", "user": hub.user("ada")}
    review |= {"body": body["body"], "state": "COMMENTED", "commit_id": body["commit_id"]}
    pull.reviews.append(review)
    for comment in body.get("comments", ()):
        open_thread(hub, pull, comment)
    return Answer(200, review)


@route("POST", r"/pulls/(?P<number>\d+)/comments")
def post_line_comment(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    pull = hub.pulls[int(found["number"])]
    if not is_in_diff(hub, pull, request.body):
        return refused(422, "Validation Failed: line must be part of the diff")
    open_thread(hub, pull, request.body)
    example = hub.api.example(f"POST {REPO}/pulls/{{pull_number}}/comments", 201)
    return Answer(201, copy.deepcopy(example) | {"body": request.body["body"]})


@route("GET", r"/issues/(?P<number>\d+)/comments")
def list_comments(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    return Answer(200, hub.pulls[int(found["number"])].comments)


@route("POST", r"/issues/(?P<number>\d+)/comments")
def add_comment(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    comment = copy.deepcopy(hub.api.example(f"GET {REPO}/issues/{{issue_number}}/comments", 200)[0])
    comment |= {"id": hub.next_id(), "body": request.body["body"]}
    hub.pulls[int(found["number"])].comments.append(comment)
    return Answer(201, comment)


@route("PATCH", r"/issues/comments/(?P<id>\d+)")
def edit_comment(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    for pull in hub.pulls.values():
        for comment in pull.comments:
            if comment["id"] == int(found["id"]):
                comment["body"] = request.body["body"]
                return Answer(200, comment)
    return refused(404, "Not Found")


@route("POST", r"/statuses/(?P<sha>\w+)")
def add_status(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    status = copy.deepcopy(hub.api.example(f"POST {REPO}/statuses/{{sha}}", 201))
    status |= {key: request.body[key] for key in ("state", "context", "description")}
    hub.statuses.setdefault(found["sha"], []).append(status)
    return Answer(201, status)


@route("GET", r"/commits/(?P<sha>\w+)/status")
def combined_status(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    combined = copy.deepcopy(hub.api.example(f"GET {REPO}/commits/{{ref}}/status", 200))
    simple = combined["statuses"][0]
    latest = {status["context"]: status for status in hub.statuses.get(found["sha"], ())}
    shown = [
        simple | {key: s[key] for key in ("state", "context", "description")}
        for s in latest.values()
    ]
    return Answer(
        200, combined | {"sha": found["sha"], "statuses": shown, "total_count": len(shown)}
    )


@route("GET", r"/commits/(?P<sha>\w+)/check-runs")
def check_runs(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    runs = hub.checks.get(found["sha"], [])
    return Answer(200, {"total_count": len(runs), "check_runs": runs})


@route("GET", r"/branches/(?P<branch>.+)")
def get_branch(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    branch = unquote(found["branch"])
    if not hub.repo.tip(branch):
        return refused(404, "Branch not found")
    item = copy.deepcopy(hub.api.example(f"GET {REPO}/branches/{{branch}}", 200))
    contexts = {"enforcement_level": "everyone", "contexts": hub.required_checks, "checks": []}
    is_protected = hub.repo.is_protected(branch) or bool(hub.required_checks)
    item |= {"name": branch, "protected": is_protected}
    item["protection"] = {"enabled": is_protected, "required_status_checks": contexts}
    item["commit"]["sha"] = hub.repo.tip(branch)
    return Answer(200, item)


@route("GET", r"/rules/branches/(?P<branch>.+)")
def branch_rules(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    if not hub.required_approvals:
        return Answer(200, [])
    parameters = {
        "required_approving_review_count": hub.required_approvals,
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }
    source = {"ruleset_id": 1, "ruleset_source": NAME, "ruleset_source_type": "Repository"}
    return Answer(200, [{"type": "pull_request", "parameters": parameters} | source])


@route("PUT", r"/pulls/(?P<number>\d+)/merge")
def merge_pull(hub: Hub, request: Request, found: dict[str, str]) -> Answer:
    pull = hub.pulls[int(found["number"])]
    if pull.draft:
        return refused(405, "Pull Request is still a draft")
    if pull.state != "open":
        return refused(405, "Pull Request is not mergeable")
    if request.body.get("sha") not in (None, pull.head):
        return refused(409, "Head branch was modified. Review and try the merge again.")
    for name in hub.required_checks:
        if name not in hub.green_checks(pull.head):
            return refused(405, f'Required status check "{name}" is expected.')
    done = hub.repo.merge(
        hub.repo.tip(pull.base), pull.head, request.body["merge_method"], pull.title
    )
    if done is None:
        return refused(405, "Pull Request is not mergeable")
    pull.state, pull.merged_as = "closed", done
    return Answer(200, {"sha": done, "merged": True, "message": "Pull Request successfully merged"})
