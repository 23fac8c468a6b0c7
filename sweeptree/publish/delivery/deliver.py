"""Deliver a worktree's content, or a commit, to a branch and a pull request.

Every step reads first and writes the difference. A crash between any two of them, an answer that
got lost, other processes that deliver the same: running it again comes to the same branch and the
same one pull request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree import worktrees
from sweeptree.errors import ForgeError, PushError
from sweeptree.model import PullRequest
from sweeptree.publish import forge
from sweeptree.publish.delivery.body import Evidence, render
from sweeptree.publish.delivery.target import Target, check_branch, find_target
from sweeptree.publish.delivery.values import Context, Delivered, Options, State
from sweeptree.publish.forge import Ensured, Token, Wanted
from sweeptree.repository import branches, guards, leaks, outgoing, remotes
from sweeptree.repository.differences import FileChange
from sweeptree.repository.guards import LeftOut, Limits
from sweeptree.repository.remotes import Tips
from sweeptree.worktrees import Contents

RACES = 5
_BEGINS = {"created": "open a ", "labelled": "add the labels", "reviewers asked": "ask "}
_FETCHED = "refs/sweeptree/fetched"


def add_labels_and_reviewers(
    top: Path, done: Delivered, options: Options, around: Context
) -> tuple[str, ...]:
    """Labels and reviewers for the pull request of a delivery.

    Returns what was done; raises ForgeError.
    """
    target = find_target(top, options, around)
    if target.forge is None or done.pull is None:
        return ()
    ensured = target.forge.add_labels_and_reviewers(
        Ensured(done.pull), options.labels, options.reviewers, is_new=done.state == "opened"
    )
    return (*ensured.did, *ensured.warnings)


@dataclass(frozen=True, slots=True)
class _Source:
    """What is delivered.

    `commit(on)` makes the commit, on top of an earlier delivery where there is one.
    """

    top: Path
    head: str
    commit: Callable[[str | None], str]
    files: tuple[FileChange, ...]
    left_out: tuple[LeftOut, ...]
    told: str
    title: str


def deliver(worktree: Path, branch: str, options: Options, around: Context) -> Delivered:
    """Commit what stands in a worktree to `branch`, push it and open a pull request, as far as that
    is possible.

    The worktree's index, HEAD and files stay as they are. Raises UsageError, Refused (a guard),
    PushError, ForgeError.
    """
    top = branches.worktree_top(worktree)
    target = find_target(top, options, around)
    check_branch(top, branch, target.base)
    contents = worktrees.read_contents(top, _limits(options, target))
    contents.examined.must_pass()
    if _is_nothing(contents, target, options):
        return Delivered("no-change", branch, base=target.base, left_out=contents.examined.left_out)
    return _Delivery(_from_contents(contents, branch, options), branch, target, options).run()


def publish_commit(
    top: Path, branch: str, commit: str, options: Options, around: Context
) -> Delivered:
    """Push a commit that exists to `branch` and open a pull request for it, as far as that is
    possible."""
    target = find_target(top, options, around)
    check_branch(top, branch, target.base)
    title = options.title or branch
    source = _Source(
        top, commit, lambda on: commit, (), (), f"commit {commit[:12]} as {branch}", title
    )
    return _Delivery(source, branch, target, options).run()


def _from_contents(contents: Contents, branch: str, options: Options) -> _Source:
    title = options.title or f"Changes of {contents.branch or contents.top.name}"
    count = len(contents.files)
    told = f"commit {count} file{'s' * (count != 1)} on {contents.head[:12]} as {branch}"
    if not contents.is_changed:
        told = f"take {contents.head[:12]} as {branch}: nothing is uncommitted"
    message = leaks.redact(
        "\n\n".join(part for part in (title, (options.note or "").strip()) if part)
    )

    def commit(on: str | None) -> str:
        there = branches.local_branch(contents.top, branch)
        return worktrees.commit_contents(contents, message=message, on=on, like=there)

    return _Source(
        contents.top,
        contents.head,
        commit,
        contents.files,
        contents.examined.left_out,
        told,
        title.splitlines()[0],
    )


def _limits(options: Options, target: Target) -> Limits:
    return Limits(
        allow_workflows=options.allow_workflows, known=(target.token.value,) if target.token else ()
    )


def _is_nothing(contents: Contents, target: Target, options: Options) -> bool:
    """True when HEAD is part of the base already and nothing is uncommitted."""
    if contents.is_changed or target.base is None:
        return False
    base = remotes.tracked_tip(contents.top, target.base, options.remote)
    base = base or branches.local_branch(contents.top, target.base)
    return base is not None and branches.contains(contents.top, contents.head, base)


@dataclass(frozen=True, slots=True)
class _Delivery:
    source: _Source
    branch: str
    target: Target
    options: Options

    def run(self) -> Delivered:
        """The plan in a dry run; else as much of it as is still to be done."""
        blank = Delivered(
            "planned",
            self.branch,
            base=self.target.base,
            steps=self._steps(),
            files=self.source.files,
            left_out=self.source.left_out,
            hints=self.target.hints,
        )
        if self.options.dry_run:
            return blank
        if not self._pushes():
            hint = (
                (f"git push {self.target.remote.name} {self.branch}",) if self.target.remote else ()
            )
            return replace(blank, state="local", commit=self._keep(), hints=(*blank.hints, *hint))
        try:
            return self._push_and_open(blank)
        except PushError as error:
            if error.kind != "auth":
                raise
            if self.target.token is not None:
                raise self._unwelcome(error, self.target.token) from error
            hints = (*blank.hints, error.message)
            return replace(
                blank, state="local", commit=self._keep(), steps=blank.steps[:1], hints=hints
            )

    def _unwelcome(self, error: PushError, token: Token) -> PushError:
        """Git's words name no token; over ssh there was none."""
        if self.target.remote is None or not self.target.remote.access:
            return error
        said = f"{error.message} (the token from {token.source} is not accepted, or may not write here)"
        return PushError(
            said, kind="auth", stderr=error.stderr, hint="make a new token, or: gh auth login"
        )

    def _keep(self) -> str:
        """Our content on a local branch, whatever a remote may say."""
        commit = self.source.commit(branches.last_delivery(self.source.top, self.branch))
        branches.remember_delivery(self.source.top, self.branch, commit)
        return commit

    def _pushes(self) -> bool:
        has_place = self.target.remote is not None
        return (
            self.options.push
            and has_place
            and (self.target.forge is not None or not self.options.needs_forge)
        )

    def _steps(self) -> tuple[str, ...]:
        """What a delivery to a place that knows nothing of it does; a repeated one does only what
        is missing."""
        options, target, steps = self.options, self.target, [self.source.told]
        if self._pushes() and target.remote:
            steps.append(f"push {self.branch} to {target.remote.url}")
            if target.forge and options.open_pr:
                kind = "draft pull request" if options.is_draft else "pull request"
                steps.append(
                    f"open a {kind} in {target.forge.name}, to {target.base or 'its default branch'}"
                )
                steps += [f"add the labels {', '.join(options.labels)}"] if options.labels else []
                steps += (
                    [f"ask {', '.join(options.reviewers)} to review"] if options.reviewers else []
                )
        return tuple(steps)

    def _push_and_open(self, blank: Delivered) -> Delivered:
        for race in range(RACES):
            seen = self._tips()
            base = self.target.base or seen.default
            check_branch(self.source.top, self.branch, seen.default)
            known = self._known(base)
            try:
                commit, pushed = self._bring(seen, known)
                break
            except PushError as error:
                if error.kind != "moved" or race == RACES - 1 or self.branch in seen.branches:
                    raise  # only a branch that two of us made at the same time is looked at again
        done = replace(blank, commit=commit, base=base)
        if not pushed and known is not None and known.state != "open":
            return replace(done, state="closed", pull=known, steps=())
        if self.target.forge is None or not self.options.open_pr or base is None:
            return replace(
                done,
                state="pushed" if pushed else "unchanged",
                steps=blank.steps[: 2 if pushed else 0],
            )
        return self._told(done, self.target.forge.ensure(self._wanted(base), known), pushed=pushed)

    def _tips(self) -> Tips:
        assert self.target.remote is not None
        wanted = [self.branch, self.target.base] if self.target.base else [self.branch]
        return remotes.tips(self.source.top, self.target.remote, wanted)

    def _known(self, base: str | None) -> PullRequest | None:
        if self.target.forge is None or not self.options.open_pr:
            return None
        if base is None:
            raise ForgeError(
                "the remote names no default branch",
                kind="invalid",
                hint="name the base with --base",
            )
        return self.target.forge.find(self.branch, base, self.target.owner)

    def _bring(self, seen: Tips, known: PullRequest | None) -> tuple[str, bool]:
        """Bring the remote's branch to our content.

        Returns the commit there, and whether it was pushed.
        """
        top, there = self.source.top, seen.branches.get(self.branch)
        held = branches.last_delivery(top, self.branch)
        ours = self.source.commit(there if there == held else None)
        commit = self._settle(ours, there)
        if commit == there:
            return commit, False
        if known is not None and known.state != "open" and _same_files(top, ours, known.commit):
            return ours, False  # people have decided about this very content
        self._check(commit, seen)
        branches.remember_delivery(top, self.branch, commit)
        assert self.target.remote is not None
        remotes.push(top, self.target.remote, commit, self.branch, expected=there)
        return commit, True

    def _check(self, commit: str, seen: Tips) -> None:
        """The guards once more, over every commit that the push would send: the files may have
        changed meanwhile."""
        base = self.target.base or seen.default
        there = [*seen.branches.values(), *self._known_base(base)]
        problems = outgoing.examine_commits(
            self.source.top, commit, there, _limits(self.options, self.target)
        )
        guards.Examined((), (), tuple(problems)).must_pass()

    def _known_base(self, base: str | None) -> list[str]:
        """A commit of the remote's base that this clone has; fetched when it has none."""
        top = self.source.top
        if base is None:
            return []
        if found := remotes.tracked_tip(top, base, self.options.remote):
            return [found]
        assert self.target.remote is not None
        try:
            remotes.fetch(top, self.target.remote, {f"refs/heads/{base}": f"{_FETCHED}/{base}"})
        except PushError:
            return []  # the remote has no such branch (yet)
        found = branches.commit_of(top, f"{_FETCHED}/{base}")
        return [found] if found else []

    def _settle(self, ours: str, there: str | None) -> str:
        """The commit that the branch is to stand at: ours, or what is there where that holds our
        work already.

        Raises PushError when somebody else's commits would be lost.
        """
        top, remote = self.source.top, self.target.remote
        if there is None or branches.contains(top, there, ours):
            return ours
        assert remote is not None
        remotes.fetch(top, remote, {f"refs/heads/{self.branch}": f"{_FETCHED}/{self.branch}"})
        held = branches.last_delivery(top, self.branch)
        if _same_files(top, ours, there):
            return there
        if held and _same_files(top, ours, held) and branches.contains(top, held, there):
            return there  # somebody went on from our work, and we have nothing new
        raise PushError(
            f"{self.branch} on {remote.name} holds commits of somebody else ({there[:12]}); they are left alone",
            kind="moved",
            hint=(
                f"git fetch {remote.name} {self.branch}   shows them",
                "then deliver to a branch of another name",
            ),
        )

    def _wanted(self, base: str) -> Wanted:
        source, options = self.source, self.options
        evidence = options.evidence or Evidence(commit=source.head[:12], facts=_file_facts(source))
        text = render(
            evidence, note=options.note or "", left_out=[str(item) for item in source.left_out]
        )
        known = _limits(options, self.target).known
        return Wanted(
            branch=self.branch,
            base=base,
            title=leaks.redact(source.title, known)[:250],
            block=forge.block_of(leaks.redact(text, known)),
            owner=self.target.owner,
            is_draft=options.is_draft,
            labels=options.labels,
            reviewers=options.reviewers,
        )

    def _told(self, done: Delivered, ensured: Ensured, *, pushed: bool) -> Delivered:
        """What was really done, in the words of the plan."""
        begins = tuple(_BEGINS[did] for did in ensured.did if did in _BEGINS)
        steps = [step for step in done.steps[2:] if begins and step.startswith(begins)]
        steps += (
            [f"update the body of pull request {ensured.pull.number}"]
            if "updated" in ensured.did
            else []
        )
        state: State = (
            "opened"
            if "created" in ensured.did
            else "updated"
            if ensured.did or pushed
            else "unchanged"
        )
        steps = [*(done.steps[:2] if pushed else ()), *steps]
        return replace(
            done, state=state, pull=ensured.pull, steps=tuple(steps), warnings=ensured.warnings
        )


def _same_files(top: Path, ours: str, other: str) -> bool:
    """True when the other commit holds the same tree; one that this repository lacks does not."""
    return branches.find_tree_id(top, other) == branches.tree_id(top, ours)


def _file_facts(source: _Source) -> tuple[tuple[str, str], ...]:
    lines = [
        f"{f.path} +{f.added} -{f.removed}" if f.added is not None else f"{f.path} (binary)"
        for f in source.files
    ]
    more = [("files", f"and {len(lines) - 30} more")] if len(lines) > 30 else []
    return (*(("file", line) for line in lines[:30]), *more)
