"""The report and its files."""

import json
from pathlib import Path

from core.repair.kit import failed, report_of
from sweeptree.repair.decision import FixDecision, FixState
from sweeptree.repair.ladder import Attempt, AttemptState
from sweeptree.repair.proposal import RungName
from sweeptree.repair.report import report_on, write_files

GOOD = Attempt(RungName.COMMAND, AttemptState.ACCEPTED, note="fixed", patch=b"good")
OTHER = Attempt(RungName.SEARCH, AttemptState.ALTERNATIVE, patch=b"other")


def decision(state: FixState = FixState.FIXED, *attempts: Attempt) -> FixDecision:
    return FixDecision(state, "why", "main", "c0ffee" * 7, report_of(failed()), attempts)


def test_its_files_hold_the_patches_and_what_failed(tmp_path: Path) -> None:
    done = write_files(decision(FixState.FIXED, GOOD, OTHER), tmp_path)
    assert done.folder is not None and done.folder.parent == tmp_path / "ci-fix"
    files = {path.name: path.read_bytes() for path in done.folder.iterdir()}
    assert (files["fix.patch"], files["alternative-2.patch"]) == (b"good", b"other")
    document = json.loads(files["report.json"])
    assert document["failing"][0]["where"] == "program.py:2"
    assert document["patch_file"] == str(done.folder / "fix.patch")
    assert [each["patch_file"] for each in document["tried"]] == [
        "fix.patch",
        "alternative-2.patch",
    ]


def test_a_second_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    folders = {write_files(decision(), tmp_path).folder for _ in range(3)}
    assert len(folders) == 3


def test_the_exit_code_says_how_it_came_out() -> None:
    codes = {state: report_on(decision(state)).exit_code for state in FixState}
    assert codes == {
        FixState.NOTHING_TO_FIX: 0,
        FixState.FIXED: 0,
        FixState.PARTLY_FIXED: 1,
        FixState.NEEDS_PERSON: 1,
        FixState.NOT_FIXED: 1,
        FixState.UNFINISHED: 1,
        FixState.UNDELIVERED: 4,
    }


def test_only_good_ends_are_good() -> None:
    good = [state for state in FixState if report_on(decision(state)).state.is_good]
    assert good == [FixState.NOTHING_TO_FIX, FixState.FIXED]
