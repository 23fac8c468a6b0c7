"""What a green run is worth: the same tests again, tests that must fail, and without the patch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeptree.publish.checks.capture import EVERYTHING, Selection
from sweeptree.publish.checks.comparing import find_objections
from sweeptree.publish.checks.controls import make_control
from sweeptree.publish.checks.edits import FileEdit
from sweeptree.publish.checks.minimise import minimise
from sweeptree.publish.checks.results import TestResults
from sweeptree.publish.checks.running import TestPlace
from sweeptree.publish.checks.trial import Objection, Trial
from sweeptree.repository import patches

_MOST_MINIMISING_RUNS = 20
_RESERVE = 2.0  # of the budget is kept for a last run: so many times what the first one took
_QUICK = 5.0  # seconds in which all tests are run with each part of a patch
_START_SECONDS = 2.0  # what a run takes beside its tests, at most


def run_all(trial: Trial, tree: str) -> TestResults:
    """All tests, in a fresh worktree. Raises Objection unless they show a fix."""
    with trial.worktree(trial.commit(tree)) as place:
        after = trial.run(place)
    objections = (*find_objections(trial.before, after), *_early_objections(trial, tree, after))
    if objections:
        raise Objection(*objections, after=after)
    return after


def _early_objections(trial: Trial, tree: str, after: TestResults) -> Iterator[str]:
    """Files of the patch that were loaded before pytest looked for tests, or as its plugins."""
    changed = {entry.path for entry in patches.entries_between(trial.top, trial.base, tree)}
    for path in after.early_files:
        if path in changed and path not in trial.before.early_files:
            yield f"{path} was loaded as a part of what runs the tests"


def check_again(trial: Trial, tree: str, targets: tuple[str, ...]) -> bool:
    """The mended tests twice more, alone, and then changed so that they must fail.

    The second time nothing in the environment says that pytest runs. Returns whether there was any
    test that could be changed. Raises Objection.
    """
    with trial.worktree(trial.commit(tree)) as place:
        for hides_pytest in (False, True):
            again = trial.run(place, Selection(targets, hides_pytest=hides_pytest))
            _check_passed(again, targets, hides_pytest=hides_pytest)
        return _check_control(trial, place, targets)


def _check_passed(again: TestResults, targets: tuple[str, ...], *, hides_pytest: bool) -> None:
    not_passed = [target for target in targets if target not in again.passed]
    if not_passed:
        how = "where no variable tells of pytest" if hides_pytest else "alone and once more"
        raise Objection(f"{not_passed[0]} does not pass {how}", after=again)


def _check_control(trial: Trial, place: TestPlace, targets: tuple[str, ...]) -> bool:
    control = make_control(place.top, targets)
    if not control.node_ids:
        return False
    control.write(place.top)
    results = trial.run(place, Selection(control.node_ids))
    unmoved = [node_id for node_id in control.node_ids if node_id not in results.failing]
    if unmoved:
        raise Objection(f"{unmoved[0]} passes even when it is changed so that it must fail")
    return True


def smallest(
    trial: Trial, edits: tuple[FileEdit, ...], targets: tuple[str, ...], after: TestResults
) -> tuple[FileEdit, ...]:
    """The part of the edits that the targets need. Raises Objection when they need nothing."""
    with trial.worktree(trial.base) as place:
        without = trial.run(place, Selection(targets))
        if _have_passed(without, targets):
            _check_order_matters(trial, place, targets)
            return edits
        search = _Search(trial, place, edits, targets, after)
        return minimise(edits, search.passes)


def _have_passed(results: TestResults, targets: Sequence[str]) -> bool:
    passed = set(results.passed)
    return results.is_complete and passed.issuperset(targets)


def _check_order_matters(trial: Trial, place: TestPlace, targets: tuple[str, ...]) -> None:
    """They pass alone without the patch. With all others they have to fail, or they are flaky."""
    if set(targets).isdisjoint(trial.run(place).failing):
        raise Objection("the tests that failed pass without the patch too: they are flaky")


class _Search:
    """Tries parts of the edits, in one worktree, while there are runs and time for them."""

    def __init__(
        self,
        trial: Trial,
        place: TestPlace,
        edits: tuple[FileEdit, ...],
        targets: tuple[str, ...],
        after: TestResults,
    ) -> None:
        self._trial = trial
        self._place = place
        self._edits = edits
        is_quick = after.seconds < _QUICK
        self._needed = after.passed if is_quick else targets
        self._selection = EVERYTHING if is_quick else Selection(targets)
        self._reserve = _RESERVE * (after.seconds + _START_SECONDS)
        self._runs = 0

    def passes(self, candidate: tuple[FileEdit, ...]) -> bool:
        """Whether these edits alone are enough; no when it is time to stop.

        All tests are run where that is quick, so that nothing is taken away that others need.
        """
        if self._runs >= _MOST_MINIMISING_RUNS or self._trial.seconds_left < self._reserve:
            return False
        self._runs += 1
        chosen = {edit.path: edit.new for edit in candidate}
        for edit in self._edits:
            _write(self._place.top / edit.path, chosen.get(edit.path, edit.old))
        results = self._trial.run(self._place, self._selection)
        return _have_passed(results, self._needed)


def _write(file: Path, data: bytes | None) -> None:
    if data is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
