"""A sweep as it is now: found by name, folder or call; the jobs that are worth a line."""

from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from core.dispatch.chat_kit import chat_of
from sweeptree.dispatch.chat_folder import Kind, write_about
from sweeptree.dispatch.sweep_now import all_sweeps, as_answer, find_sweep
from sweeptree.errors import UsageError
from sweeptree.sweep.view import view_sweep


def test_a_sweep_is_found_by_its_name_its_folder_and_its_call(repo: Path, tmp_path: Path) -> None:
    chat, root = chat_of(repo, tmp_path), repo / "results" / "unet"
    finished_sweep(repo / "results")
    folder = chat.chats.make(Kind.CALL)
    write_about(folder, {"tool": "start", "sweep": str(root), "top": str(repo)})
    for name in ("unet", "results/unet", str(root), folder.name):
        assert find_sweep(chat, name).root == root


def test_who_asks_for_another_is_told_what_there_is(repo: Path, tmp_path: Path) -> None:
    finished_sweep(repo / "results")
    with pytest.raises(UsageError) as refused:
        find_sweep(chat_of(repo, tmp_path), "unit")
    assert refused.value.hint == ("there are: unet",)


def test_a_folder_outside_is_no_sweep_of_ours(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="outside"):
        find_sweep(chat_of(repo, tmp_path), "../other")


def test_the_answer_holds_the_exit_codes_in_order(tmp_path: Path) -> None:
    now = as_answer(view_sweep(finished_sweep(tmp_path, failed=(1,))))
    assert (now.state, now.n_jobs, now.states) == ("finished", 4, {"succeeded": 3, "failed": 1})
    assert now.exit_codes == (0, 1, 0, 0)


def test_of_many_jobs_those_that_went_wrong_are_shown(tmp_path: Path) -> None:
    now = as_answer(view_sweep(finished_sweep(tmp_path, failed=(3,))), 1)
    assert [job.id for job in now.jobs] == [3]


def test_the_list_has_no_jobs(repo: Path, tmp_path: Path) -> None:
    finished_sweep(repo / "results")
    (only,) = all_sweeps(chat_of(repo, tmp_path))
    assert (only.exp_name, only.jobs) == ("unet", ())
