"""Make the result, test it, land exactly that; again when the base moved meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import commit
from sweeptree.errors import PushError, Refused
from sweeptree.publish.merging import MergeDecision, MergeOptions, MergeState
from sweeptree.publish.merging.decide import MergeCase, NotLanded, decide
from sweeptree.repository import Repository, find_repository


@dataclass
class Base:
    """The branch main of a repository. `events`: what was asked of it, in order."""

    top: Path
    events: list[str] = field(default_factory=list)
    moves: int = 0
    check: Callable[[], None] = lambda: None

    def tip(self) -> str:
        return git("rev-parse", "main", cwd=self.top)

    def check_landing(self, tip: str, tree: str) -> None:
        self.events.append("check")
        self.check()

    def report_tests(self, decision: MergeDecision) -> MergeDecision:
        self.events.append("report")
        return decision

    def land(self, commit: str, tip: str) -> str:
        self.events.append("land")
        if self.moves:
            self.moves -= 1
            raise PushError("main moved meanwhile", kind="moved", hint="try again")
        return commit


@pytest.fixture
def repository(repo: Path) -> Repository:
    """main, and the branch side one commit ahead of it; HEAD is on side."""
    git("checkout", "-q", "-b", "side", cwd=repo)
    commit(repo, "side", "1\n")
    return find_repository(repo)


def case(repository: Repository, base: Base, **options: object) -> MergeCase:
    head = git("rev-parse", "side", cwd=repository.start)
    blank = MergeDecision(MergeState.PLANNED, "side", "main", head=head)
    merge = replace(MergeOptions(test_command="true"), **options)  # type: ignore[arg-type]
    return MergeCase(repository, merge, blank, "Merge side", base)


def test_it_is_tested_reported_and_landed_in_this_order(repository: Repository) -> None:
    base = Base(repository.start)
    decision = decide(case(repository, base))
    assert (decision.state, base.events) == (MergeState.MERGED, ["check", "report", "land"])
    assert decision.run is not None and decision.run.commit == decision.commit


def test_red_tests_land_nothing(repository: Repository) -> None:
    base = Base(repository.start)
    decision = decide(case(repository, base, test_command="false"))
    assert (decision.state, base.events) == (MergeState.REFUSED, ["check", "report"])
    assert "are red: exit code 1" in decision.reason


def test_a_base_that_moved_is_tried_again(repository: Repository) -> None:
    base = Base(repository.start, moves=1)
    assert decide(case(repository, base)).state is MergeState.MERGED
    assert base.events.count("report") == 2


def test_a_base_that_moves_on_and_on_is_given_up(repository: Repository) -> None:
    base = Base(repository.start, moves=9)
    with pytest.raises(NotLanded) as stuck:
        decide(case(repository, base))
    assert "green, but it could not be landed" in stuck.value.decision.reason
    assert base.events.count("land") == 3


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_is_in_the_way_is_found_before_the_tests(
    repository: Repository, tmp_path: Path, dry_run: bool
) -> None:
    def refuse() -> None:
        raise Refused("in the way")

    base = Base(repository.start, check=refuse)
    with pytest.raises(Refused, match="in the way"):
        decide(case(repository, base, test_command=f"touch '{tmp_path}/ran'", dry_run=dry_run))
    assert not (tmp_path / "ran").exists()


def test_a_dry_run_tests_nothing(repository: Repository) -> None:
    decision = decide(case(repository, Base(repository.start), dry_run=True))
    assert (decision.state, decision.run) == (MergeState.PLANNED, None)
    assert [file.path for file in decision.files] == ["side"]


def test_reasons_come_before_conflicts(repository: Repository) -> None:
    git("checkout", "-q", "main", cwd=repository.start)
    commit(repository.start, "side", "2\n")
    given = replace(case(repository, Base(repository.start)), reasons=("it is a draft",))
    decision = decide(given)
    assert (decision.reason, decision.others) == ("it is a draft", ("it conflicts with main",))
    assert decision.conflicts == ("side",)


def test_without_a_yes_it_is_ready(repository: Repository) -> None:
    decision = decide(case(repository, Base(repository.start), confirm=lambda _: False))
    assert decision.state is MergeState.READY
