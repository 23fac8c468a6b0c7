"""The ladder ends at the first rung whose proposal the gate accepts."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from core.repair.kit import failed, report_of
from sweeptree.errors import Refused
from sweeptree.publish.checks import RedFlag, Verdict
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.ladder import Attempt, chosen, climb
from sweeptree.repair.proposal import Budget, Proposal, Rung, RungName


def rung(name: RungName, *patches: bytes, exclusive: str | None = None) -> Rung:
    found = tuple(Proposal(name, patch, "note", exclusive=exclusive) for patch in patches)
    return Rung(name, lambda report, top, budget: found, 1.0)


@contextlib.contextmanager
def nowhere() -> Iterator[Path]:
    yield Path("/nowhere")


def judge(patch: bytes) -> Verdict:
    flags = (RedFlag("a.py", 1, "skips a test", ""),) if b"flag" in patch else ()
    if b"unread" in patch:
        flags = (RedFlag("", 0, "nothing but the exit code tells of the tests", ""),)
    is_good = b"good" in patch or bool(flags)
    return Verdict(is_good, () if is_good else ("no",), flags, patch)


def climbed(*rungs: Rung) -> tuple[Attempt, ...]:
    return climb(report_of(failed()), rungs, judge, nowhere)


def states(*rungs: Rung) -> list[str]:
    return [f"{each.rung}:{each.state}" for each in climbed(*rungs)]


def test_cheap_rungs_come_first_and_the_dear_ones_only_when_needed() -> None:
    cheap, dear = rung(RungName.DETERMINISTIC, b"good"), rung(RungName.COMMAND, b"good")
    assert states(cheap, dear) == ["deterministic:accepted"]
    bad = rung(RungName.DETERMINISTIC, b"bad")
    assert states(bad, dear) == ["deterministic:refused", "command:accepted"]


def test_a_patch_with_red_flags_is_not_enough() -> None:
    flagged = rung(RungName.COMMAND, b"flag")
    found = climbed(flagged, rung(RungName.SEARCH, b"good"))
    assert [each.state for each in found] == ["needs-person", "accepted"]
    assert chosen(found) == found[1] and found[0].flags[0].path == "a.py"


def test_where_the_tests_tell_too_little_no_dearer_rung_is_asked() -> None:
    found = climbed(rung(RungName.COMMAND, b"unread"), rung(RungName.SEARCH, b"good"))
    assert [each.state for each in found] == ["needs-person"]
    assert chosen(found) == found[0]


def test_two_sides_that_pass_tests_which_tell_little_are_no_answer_either() -> None:
    both = rung(RungName.DETERMINISTIC, b"unread 1", b"unread 2", exclusive="side")
    assert chosen(climbed(both)) is None


def test_what_is_found_beside_the_accepted_one_is_an_alternative() -> None:
    found = climbed(rung(RungName.SEARCH, b"bad", b"good 1", b"good 2"))
    assert [each.state for each in found] == ["refused", "accepted", "alternative"]


def test_of_two_sides_that_both_pass_a_person_chooses() -> None:
    both = rung(RungName.DETERMINISTIC, b"good 1", b"good 2", exclusive="side")
    found = climbed(both)
    assert [each.state for each in found] == ["needs-person", "needs-person"]
    one = rung(RungName.DETERMINISTIC, b"bad", b"good", exclusive="side")
    assert [each.state for each in climbed(one)] == ["refused", "accepted"]


def test_a_rung_in_trouble_says_why_and_the_next_one_is_tried() -> None:
    def broken(report: FailureReport, top: Path, budget: Budget) -> tuple[Proposal, ...]:
        raise Refused("it changed nothing")

    found = climbed(Rung(RungName.COMMAND, broken, 1.0), rung(RungName.SEARCH))
    assert [(each.state, each.reasons) for each in found] == [
        ("refused", ("it changed nothing",)),
        ("nothing", ()),
    ]
