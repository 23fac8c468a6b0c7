"""GitHub as a Forge: each step reads, then writes only the difference, so that any step may be
repeated.

Source of the endpoints: GitHub's REST description (docs.github.com/rest). Four requests make a pull
request with labels and reviewers; one finds that nothing is to be done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeptree.errors import ForgeError
from sweeptree.model import PullRequest, PullState
from sweeptree.publish.forge.answers import pull_of
from sweeptree.publish.forge.base import Comment, Ensured, Method, Readiness, Reviews, Wanted
from sweeptree.publish.forge.block import with_block
from sweeptree.publish.forge.client import Client, Refused4xx, UnknownOutcome
from sweeptree.publish.forge.exchange import MINOR, WRITE_TRIES, Exchange, Write, never
from sweeptree.publish.forge.readiness import read_readiness
from sweeptree.publish.forge.reviewers import ask_reviewers
from sweeptree.publish.forge.reviews import GitHubReviews
from sweeptree.publish.forge.trouble import explain

_NO_DRAFTS = "this repository has no draft pull requests: it is open for review at once"


class GitHub:
    """One repository on github.com or a GitHub Enterprise."""

    def __init__(self, full_name: str, client: Client) -> None:
        self._name = full_name
        self._client = client
        self._exchange = Exchange(client)

    @property
    def name(self) -> str:
        """OWNER/REPO."""
        return self._name

    @property
    def reviews(self) -> Reviews:
        """The reviews of its pull requests."""
        return GitHubReviews(self._name, self._client)

    def find(self, branch: str, base: str, owner: str) -> PullRequest | None:
        """The open pull request of this identity, else the newest closed one. One request."""
        found = self._exchange.read(
            "/pulls",
            f"looking for the pull request of {branch}",
            head=f"{owner}:{branch}",
            base=base,
            state="all",
            sort="created",
            direction="desc",
            per_page=100,
        )
        pulls = [pull_of(item) for item in found]
        ours = [pull for pull in pulls if (pull.branch, pull.base) == (branch, base)]
        still_open = [pull for pull in ours if pull.state is PullState.OPEN]
        return next(iter([*still_open, *ours]), None)

    def get(self, number: int) -> PullRequest:
        """One pull request."""
        return pull_of(self._exchange.read(f"/pulls/{number}", f"reading pull request {number}"))

    def ensure(self, wanted: Wanted, known: PullRequest | None) -> Ensured:
        """Make the pull request what it should be; `known` is what `find` said.

        Writes only the difference.
        """
        if known is None or known.state is not PullState.OPEN:
            done, is_new = self._open(wanted), True
        else:
            done, is_new = self._refresh(wanted, known), False
        return self.add_labels_and_reviewers(done, wanted.labels, wanted.reviewers, is_new=is_new)

    def add_labels_and_reviewers(
        self, done: Ensured, labels: Sequence[str], reviewers: Sequence[str], *, is_new: bool
    ) -> Ensured:
        """Add the labels and ask the reviewers that the pull request lacks."""
        labelled = self._add_labels(labels, done)
        return ask_reviewers(self._exchange, reviewers, labelled, is_new=is_new)

    def _open(self, wanted: Wanted) -> Ensured:
        """Open it, or take the one that somebody else opened at the same time."""
        problem = ForgeError("no answer", kind="network")
        for _ in range(WRITE_TRIES):
            try:
                return self._create(wanted)
            except Refused4xx as no:
                if not no.refusal.says_exists:
                    raise explain(no.refusal) from no
                problem = explain(no.refusal)
            except UnknownOutcome as unknown:
                problem = unknown.error
            there = self.find(wanted.branch, wanted.base, wanted.owner)
            if there is not None and there.state is PullState.OPEN:
                return Ensured(there, ("created",))
        raise problem

    def _create(self, wanted: Wanted) -> Ensured:
        """One pull request; an open one where the repository has no drafts."""
        try:
            return Ensured(self._post(wanted, is_draft=wanted.is_draft), ("created",))
        except Refused4xx as no:
            if not wanted.is_draft or not no.refusal.says_no_drafts:
                raise
        return Ensured(self._post(wanted, is_draft=False), ("created",), (_NO_DRAFTS,))

    def _post(self, wanted: Wanted, *, is_draft: bool) -> PullRequest:
        is_own = self._name.startswith(f"{wanted.owner}/")
        body = {
            "title": wanted.title,
            "body": wanted.block,
            "head": wanted.branch if is_own else f"{wanted.owner}:{wanted.branch}",
            "base": wanted.base,
            "draft": is_draft,
        }
        doing = f"opening the pull request of {wanted.branch}"
        return pull_of(self._client.write("POST", "/pulls", doing, body))

    def _refresh(self, wanted: Wanted, known: PullRequest) -> Ensured:
        """Bring the generated block up to date. Title, draft state and what people wrote stay."""
        body = with_block(known.body, wanted.block)
        if body == known.body:
            return Ensured(known)
        path, doing = f"/pulls/{known.number}", f"updating pull request {known.number}"
        write = Write("PATCH", path, doing, {"body": body})
        self._exchange.write(write, lambda: self.get(known.number).body == body)
        return Ensured(replace(known, body=body), ("updated",))

    def _add_labels(self, wanted: Sequence[str], done: Ensured) -> Ensured:
        pull = done.pull
        have = _lower(pull.labels)
        missing = [label for label in wanted if label.lower() not in have]
        if not missing:
            return done

        path, doing = f"/issues/{pull.number}/labels", f"labelling pull request {pull.number}"
        write = Write("POST", path, doing, {"labels": missing})
        try:
            self._exchange.write(
                write, lambda: _lower(missing) <= _lower(self.get(pull.number).labels)
            )
        except ForgeError as error:
            if error.kind not in MINOR:
                raise
            return replace(done, warnings=(*done.warnings, error.message))
        labelled = replace(pull, labels=(*pull.labels, *missing))
        return Ensured(labelled, (*done.did, "labelled"), done.warnings)

    def comment(self, number: int, comment: Comment) -> None:
        """Write a comment, or edit the one with the same marker."""
        doing = f"commenting on pull request {number}"
        marker = f"<!-- sweeptree:{comment.marker} -->"
        body = {"body": f"{marker}\n{comment.text}"}
        there = self._find_comment(number, marker, doing)
        if there is None:
            write = Write("POST", f"/issues/{number}/comments", doing, body)
            self._exchange.write(
                write, lambda: self._find_comment(number, marker, doing) is not None
            )
        elif there.get("body") != body["body"]:
            edit = Write("PATCH", f"/issues/comments/{there['id']}", doing, body)
            self._exchange.write(edit, never)

    def _find_comment(self, number: int, marker: str, doing: str) -> Mapping[str, Any] | None:
        for item in self._exchange.pages(f"/issues/{number}/comments", doing):
            if str(item.get("body") or "").startswith(marker):
                found: Mapping[str, Any] = item
                return found
        return None

    def readiness(self, pull: PullRequest) -> Readiness:
        """Reviews and checks of the pull request's head."""
        try:
            return read_readiness(self._client, pull)
        except Refused4xx as no:
            raise explain(no.refusal) from no

    def set_status(self, commit: str, *, ok: bool, context: str, description: str) -> None:
        """Put a status on a commit."""
        body = {
            "state": "success" if ok else "failure",
            "context": context,
            "description": description[:140],
        }
        doing = f"setting the status of {commit[:12]}"
        self._exchange.write(Write("POST", f"/statuses/{commit}", doing, body), never)

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
            found = self._exchange.read(f"/pulls/{pull.number}", doing)
            if found.get("merged"):
                return str(found.get("merge_commit_sha"))
            raise unknown.error from unknown


def _lower(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}
