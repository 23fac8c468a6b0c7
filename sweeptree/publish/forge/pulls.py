"""GitHub as a Forge: each step reads, then writes only the difference, so that any step may be
repeated.

Source of the endpoints: GitHub's REST description (docs.github.com/rest). Four requests make a pull
request with labels and reviewers; one finds that nothing is to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from sweeptree.errors import ForgeError
from sweeptree.model import PullRequest
from sweeptree.publish.forge.base import Comment, Ensured, Method, Ranking, Wanted
from sweeptree.publish.forge.block import with_block
from sweeptree.publish.forge.checks import read_standing
from sweeptree.publish.forge.client import Client, Refused4xx, UnknownOutcome
from sweeptree.publish.forge.trouble import explain

WRITE_TRIES = 3
State = Literal["open", "closed", "merged"]


class GitHub:
    """One repository on github.com or a GitHub Enterprise."""

    def __init__(self, full_name: str, client: Client) -> None:
        self._name = full_name
        self._client = client

    @property
    def name(self) -> str:
        """OWNER/REPO."""
        return self._name

    def find(self, branch: str, base: str, owner: str) -> PullRequest | None:
        """The open pull request of this identity, else the newest closed one. One request."""
        found = self._read(
            "/pulls",
            f"looking for the pull request of {branch}",
            head=f"{owner}:{branch}",
            base=base,
            state="all",
            sort="created",
            direction="desc",
            per_page=100,
        )
        pulls = [
            pull for item in found if (pull := pull_of(item)).branch == branch and pull.base == base
        ]
        return next((pull for pull in pulls if pull.state == "open"), pulls[0] if pulls else None)

    def get(self, number: int) -> PullRequest:
        """One pull request."""
        return pull_of(self._read(f"/pulls/{number}", f"reading pull request {number}"))

    def ensure(self, wanted: Wanted, known: PullRequest | None) -> Ensured:
        """Make the pull request what it should be; `known` is what `find` said.

        Writes only the difference.
        """
        is_new = known is None or known.state != "open"
        done = self._open(wanted) if known is None or is_new else self._refresh(wanted, known)
        return self.add_labels_and_reviewers(done, wanted.labels, wanted.reviewers, is_new=is_new)

    def add_labels_and_reviewers(
        self, done: Ensured, labels: Sequence[str], reviewers: Sequence[str], *, is_new: bool
    ) -> Ensured:
        """Add the labels and ask the reviewers that the pull request lacks."""
        return self._ask_reviewers(reviewers, self._label(labels, done), is_new=is_new)

    def _open(self, wanted: Wanted) -> Ensured:
        head = (
            wanted.branch
            if self._name.startswith(f"{wanted.owner}/")
            else f"{wanted.owner}:{wanted.branch}"
        )
        body = {"title": wanted.title, "body": wanted.block, "head": head, "base": wanted.base}
        doing = f"opening the pull request of {wanted.branch}"
        draft, warnings = wanted.is_draft, list[str]()
        for attempt in range(WRITE_TRIES):
            try:
                made = self._client.write("POST", "/pulls", doing, {**body, "draft": draft})
                return Ensured(pull_of(made), ("created",), tuple(warnings))
            except Refused4xx as no:
                if draft and no.refusal.says_no_drafts:
                    draft = False
                    warnings.append(
                        "this repository has no draft pull requests: it is open for review at once"
                    )
                    continue
                if not no.refusal.says_exists:
                    raise explain(no.refusal) from no
                problem: ForgeError = explain(no.refusal)
            except UnknownOutcome as unknown:
                problem = unknown.error
            there = self.find(wanted.branch, wanted.base, wanted.owner)
            if there is not None and there.state == "open":
                return Ensured(there, ("created",), tuple(warnings))
            if attempt == WRITE_TRIES - 1:
                raise problem
        raise ForgeError(f"{doing}: no answer", kind="network")

    def _refresh(self, wanted: Wanted, known: PullRequest) -> Ensured:
        """Bring the generated block up to date. Title, draft state and what people wrote stay."""
        body = with_block(known.body, wanted.block)
        if body == known.body:
            return Ensured(known)
        path, doing = f"/pulls/{known.number}", f"updating pull request {known.number}"
        self._write_until(
            "PATCH", path, doing, {"body": body}, lambda: self.get(known.number).body == body
        )
        return Ensured(replace(known, body=body), ("updated",))

    def _label(self, wanted: Sequence[str], done: Ensured) -> Ensured:
        pull = done.pull
        have = {label.lower() for label in pull.labels}
        missing = [label for label in wanted if label.lower() not in have]
        if not missing:
            return done
        path, doing = f"/issues/{pull.number}/labels", f"labelling pull request {pull.number}"

        def is_there() -> bool:
            return {label.lower() for label in missing} <= {
                x.lower() for x in self.get(pull.number).labels
            }

        try:
            self._write_until("POST", path, doing, {"labels": missing}, is_there)
        except ForgeError as error:
            if error.kind not in ("invalid", "forbidden", "not-found"):
                raise
            return replace(done, warnings=(*done.warnings, error.message))
        labelled = replace(pull, labels=(*pull.labels, *missing))
        return Ensured(labelled, (*done.did, "labelled"), done.warnings)

    def _ask_reviewers(self, wanted: Sequence[str], done: Ensured, *, is_new: bool) -> Ensured:
        missing = self._to_ask(wanted, done.pull, is_new=is_new)
        if not missing:
            return done
        try:
            self._ask(done.pull, missing)
            return self._asked(done, missing, ())
        except ForgeError as error:
            if error.kind not in ("invalid", "forbidden", "not-found"):
                raise
            if len(missing) == 1:
                return replace(done, warnings=(*done.warnings, _not_asked(missing[0], error)))
        return self._ask_singly(done, missing)

    def _ask_singly(self, done: Ensured, missing: list[str]) -> Ensured:
        """One name that cannot review (the author, a stranger) must not keep out the others."""
        asked, warnings = [], []
        for name in missing:
            try:
                self._ask(done.pull, [name])
                asked.append(name)
            except ForgeError as error:
                if error.kind not in ("invalid", "forbidden", "not-found"):
                    raise
                warnings.append(_not_asked(name, error))
        return self._asked(done, asked, tuple(warnings))

    def _asked(self, done: Ensured, asked: list[str], warnings: tuple[str, ...]) -> Ensured:
        pull = replace(done.pull, reviewers=(*done.pull.reviewers, *asked))
        did = (*done.did, "reviewers asked") if asked else done.did
        return Ensured(pull, did, (*done.warnings, *warnings))

    def _to_ask(self, wanted: Sequence[str], pull: PullRequest, *, is_new: bool) -> list[str]:
        have = {name.lower() for name in pull.reviewers}
        missing = [name for name in wanted if _reviewer(name) not in have]
        if missing and not is_new:  # who has reviewed is no longer asked: do not ask again
            reviews = self._pages(
                f"/pulls/{pull.number}/reviews", f"reading the reviews of {pull.number}"
            )
            seen = {str((review.get("user") or {}).get("login", "")).lower() for review in reviews}
            missing = [name for name in missing if _reviewer(name) not in seen]
        return missing

    def _ask(self, pull: PullRequest, names: list[str]) -> None:
        people = [name.removeprefix("@") for name in names if "/" not in name]
        teams = [name.rpartition("/")[2] for name in names if "/" in name]
        body = {
            key: value for key, value in (("reviewers", people), ("team_reviewers", teams)) if value
        }
        path, doing = (
            f"/pulls/{pull.number}/requested_reviewers",
            f"asking {', '.join(names)} to review",
        )

        def is_there() -> bool:
            return {_reviewer(name) for name in names} <= {
                x.lower() for x in self.get(pull.number).reviewers
            }

        self._write_until("POST", path, doing, body, is_there)

    def comment(self, number: int, comment: Comment) -> None:
        """Write a comment, or edit the one with the same marker."""
        doing = f"commenting on pull request {number}"
        marker = f"<!-- sweeptree:{comment.marker} -->"
        text = f"{marker}\n{comment.text}"
        there = self._commented(number, marker, doing)
        if there is None:
            path = f"/issues/{number}/comments"
            self._write_until(
                "POST",
                path,
                doing,
                {"body": text},
                lambda: self._commented(number, marker, doing) is not None,
            )
        elif there.get("body") != text:
            self._write_until(
                "PATCH", f"/issues/comments/{there['id']}", doing, {"body": text}, lambda: False
            )

    def _commented(self, number: int, marker: str, doing: str) -> Mapping[str, Any] | None:
        found = self._pages(f"/issues/{number}/comments", doing)
        return next(
            (item for item in found if str(item.get("body") or "").startswith(marker)), None
        )

    def standing(self, pull: PullRequest) -> Ranking:
        """Reviews and checks of the pull request's head."""
        found: Ranking = self._plainly(lambda: read_standing(self._client, pull))
        return found

    def set_status(self, commit: str, *, ok: bool, context: str, description: str) -> None:
        """Put a status on a commit."""
        body = {
            "state": "success" if ok else "failure",
            "context": context,
            "description": description[:140],
        }
        doing = f"setting the status of {commit[:12]}"
        self._write_until("POST", f"/statuses/{commit}", doing, body, lambda: False)

    def merge(self, pull: PullRequest, *, method: Method, title: str) -> str:
        """Merge, if the head is still `pull.commit`. Returns the merge's commit.

        Raises ForgeError: `base-moved` may be tried again, `moved` says that the head is another
        one now.
        """
        body = {"sha": pull.commit, "merge_method": method, "commit_title": title[:250]}
        doing = f"merging pull request {pull.number}"
        try:
            return str(self._client.write("PUT", f"/pulls/{pull.number}/merge", doing, body)["sha"])
        except Refused4xx as no:
            error = explain(no.refusal)
            error.kind = "base-moved" if no.refusal.says_base_moved else error.kind
            raise error from no
        except UnknownOutcome as unknown:
            found = self._read(f"/pulls/{pull.number}", doing)
            if found.get("merged"):
                return str(found.get("merge_commit_sha"))
            raise unknown.error from unknown

    def _write_until(
        self, verb: str, path: str, doing: str, body: Mapping[str, Any], is_done: Callable[[], bool]
    ) -> None:
        """Write; when the answer is lost, look whether it happened before writing again."""
        for attempt in range(WRITE_TRIES):
            try:
                self._client.write(verb, path, doing, body)
                return
            except Refused4xx as no:
                raise explain(no.refusal) from no
            except UnknownOutcome as unknown:
                if is_done():
                    return
                if attempt == WRITE_TRIES - 1:
                    raise unknown.error from unknown

    def _read(self, path: str, doing: str, **parameters: str | int) -> Any:
        return self._plainly(lambda: self._client.read(path, doing, **parameters))

    def _pages(self, path: str, doing: str) -> list[Any]:
        found: list[Any] = self._plainly(lambda: list(self._client.pages(path, doing)))
        return found

    def _plainly(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Refused4xx as no:
            raise explain(no.refusal) from no


def pull_of(item: Mapping[str, Any]) -> PullRequest:
    """A pull request from GitHub's JSON, of a list or of one."""
    head, base = item["head"], item["base"]
    state: State = (
        "open" if item["state"] == "open" else "merged" if item.get("merged_at") else "closed"
    )
    people = [str(user["login"]) for user in item.get("requested_reviewers") or ()]
    teams = [str(team["slug"]) for team in item.get("requested_teams") or ()]
    return PullRequest(
        number=int(item["number"]),
        url=str(item["html_url"]),
        state=state,
        branch=str(head["ref"]),
        base=str(base["ref"]),
        commit=str(head["sha"]),
        title=str(item.get("title") or ""),
        body=str(item.get("body") or ""),
        is_draft=bool(item.get("draft")),
        labels=tuple(str(label["name"]) for label in item.get("labels") or ()),
        reviewers=(*people, *teams),
        author=str((item.get("user") or {}).get("login", "")),
        is_from_fork=_full_name(head) != _full_name(base),
    )


def _full_name(side: Mapping[str, Any]) -> str:
    return str((side.get("repo") or {}).get("full_name", "")).lower()


def _reviewer(name: str) -> str:
    return name.removeprefix("@").rpartition("/")[2].lower()


def _not_asked(name: str, error: ForgeError) -> str:
    return f"{name} was not asked to review: {error.message.rpartition('the forge says: ')[2].rstrip(')')}"
