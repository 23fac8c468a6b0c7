"""Preflight: what forbids a start, and that looking changes nothing."""

import hashlib
import os
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import Refused, UsageError
from sweeptree.model import SweepSpec
from sweeptree.records import SweepPaths, SweepStore
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, check_options, must_start, prepare
from sweeptree.system.files import write_json


def spec(repo: Path, **fields: object) -> SweepSpec:
    fields.setdefault("commands", ["python3 train.py --seed 1"])
    return SweepSpec.model_validate(
        {"exp_name": "exp", "repo": repo, "use_worktree": True, **fields}
    )


def look(repo: Path, *, resume: bool = False, **fields: object) -> PreparedSweep:
    return prepare(spec(repo, **fields), Settings(slot_dir=repo.parent / "slots"), resume=resume)


def everything(top: Path) -> dict[str, tuple[int, int, str]]:
    """Every file below `top`, .git too: mode, mtime and content."""
    found = {}
    for path in sorted(top.rglob("*")):
        state = path.lstat()
        digest = (
            hashlib.sha256(path.read_bytes()).hexdigest()
            if path.is_file() and not path.is_symlink()
            else ""
        )
        found[str(path.relative_to(top))] = (state.st_mode, state.st_mtime_ns, digest)
    return found


def test_looking_changes_not_one_byte(repo: Path) -> None:
    (repo / "notes.txt").write_text("untracked\n")
    os.utime(repo / "train.py")  # a stale index entry tempts git to refresh its index
    before = everything(repo)
    look(repo)
    assert everything(repo) == before


def test_a_script_that_does_not_exist_and_a_repeated_command_are_named(repo: Path) -> None:
    notes = " ".join(look(repo, commands=["python3 trian.py", "python3 trian.py"]).notes)
    assert "trian.py is named by a command and does not exist" in notes
    assert "job 1 is the same command as job 0" in notes


def test_an_imported_untracked_module_forbids_a_start_and_is_named_first(repo: Path) -> None:
    (repo / "train.py").write_text("import augment\n")
    git("commit", "-qam", "uses augment", cwd=repo)
    (repo / "augment.py").write_text("")
    with pytest.raises(Refused) as caught:
        must_start(look(repo))
    assert "augment.py" in caught.value.message
    assert "--dirty snapshot" in " ".join(caught.value.hint)


@pytest.mark.parametrize(
    "fields", [{"dirty": "ignore"}, {"dirty": "snapshot"}, {"use_worktree": False}]
)
def test_dirt_is_no_reason_when_it_is_carried_ignored_or_there(
    repo: Path, fields: dict[str, object]
) -> None:
    (repo / "train.py").write_text("print('changed')\n")
    assert must_start(look(repo, **fields)).refusals == ()


def test_results_of_an_earlier_sweep_forbid_a_start_and_offer_two_ways(repo: Path) -> None:
    paths = SweepPaths(repo / "results" / "exp")
    paths.root.mkdir(parents=True)
    write_json(paths.sweep, {"spec_hash": "other"})
    with pytest.raises(Refused) as caught:
        must_start(look(repo))
    assert "--resume" in " ".join(caught.value.hint)
    assert "--exp_name" in " ".join(caught.value.hint)


def test_resume_takes_the_same_spec_and_refuses_another(repo: Path) -> None:
    paths = SweepPaths(repo / "results" / "exp")
    paths.root.mkdir(parents=True)
    write_json(paths.sweep, {"spec_hash": look(repo).spec_hash})
    assert must_start(look(repo, resume=True)).refusals == ()
    with pytest.raises(Refused, match="another spec"):
        must_start(look(repo, resume=True, commands=["true"]))


def test_a_sweep_that_runs_forbids_a_second_of_its_name(repo: Path) -> None:
    with (
        SweepStore.open(SweepPaths(repo / "results" / "exp")),
        pytest.raises(Refused, match="is running"),
    ):
        must_start(look(repo))


def test_a_results_folder_that_is_a_link_is_refused(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo / "results").mkdir()
    (repo / "results" / "exp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="symbolic link"):
        must_start(look(repo))


def test_results_that_lead_out_of_the_repository_must_be_asked_for(
    repo: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    (repo / "results").symlink_to(tmp_path / "disk")
    with pytest.raises(Refused, match="outside the repository"):
        look(repo)
    assert (
        must_start(look(repo, results_dir=tmp_path / "disk")).paths.root
        == tmp_path / "disk" / "exp"
    )


def test_results_below_a_file_are_refused(repo: Path) -> None:
    (repo / "results").write_text("a file\n")
    with pytest.raises(Refused, match="cannot be written"):
        must_start(look(repo))


def test_more_gpus_than_there_are_is_refused(repo: Path) -> None:
    with pytest.raises(Refused, match="asks for 2 GPUs, this machine offers 0"):
        look(repo, gpus=2)


def test_commands_from_a_file_become_the_spec_s(repo: Path) -> None:
    (repo / "commands.json").write_text('["true", "false"]')
    prepared = look(repo, commands=(), commands_file="commands.json")
    assert [job.command for job in prepared.jobs] == ["true", "false"]


def test_without_gpus_the_cores_are_the_slots_and_it_says_so(repo: Path) -> None:
    prepared = look(repo, commands=["true"] * 500)
    assert prepared.parallel == len(os.sched_getaffinity(0))
    assert any("the cores are the slots" in note for note in prepared.notes)


def test_branches_need_worktrees(repo: Path) -> None:
    with pytest.raises(UsageError, match="--use_worktree"):
        check_options(spec(repo, use_worktree=False, commit_and_pr=True))


def test_a_cap_on_what_is_kept_is_named_in_the_plan(repo: Path) -> None:
    capped = Settings(slot_dir=repo.parent / "slots", artifacts_cap=5_000_000)
    notes = " ".join(prepare(spec(repo), capped).notes)
    assert "at most 5,000,000 bytes go to its artifacts" in notes and "keeps its worktree" in notes
    assert "ARTIFACTS_CAP" not in " ".join(look(repo).notes)


def test_jobs_that_import_from_the_checkout_all_the_same_are_named(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(repo / "ecg"))
    notes = look(repo, commands=["python3 train.py", "python3 -I train.py"]).notes
    assert any("PYTHONPATH puts the worktree's own first" in note for note in notes)
    assert any("NOT the pinned commit in job 1: python -I ignores" in note for note in notes)


def test_without_worktrees_there_is_none_to_keep(repo: Path) -> None:
    with pytest.raises(UsageError, match="--keep_worktrees all needs --use_worktree"):
        look(repo, use_worktree=False, keep_worktrees="all")


@pytest.mark.parametrize("dirty", ["refuse", "ignore"])
def test_an_absolute_path_into_the_checkout_is_named(repo: Path, dirty: str) -> None:
    notes = look(repo, commands=[f"python3 {repo}/train.py"], dirty=dirty).notes
    assert any("train.py by an absolute path" in note for note in notes)


def test_what_worktrees_will_lack_is_named(repo: Path) -> None:
    (repo / "notes.txt").write_text("untracked\n")
    assert any("1 untracked file will not be in the worktrees" in n for n in look(repo).notes)


def test_a_missing_auto_fix_script_is_refused(repo: Path) -> None:
    def refused(**fields: object) -> bool:
        found = look(repo, auto_fix_before_pr=True, **fields).refusals
        return any("there is no script" in error.message for error in found)

    assert not refused()
    assert refused(auto_fix_script="nope.sh")
    assert not refused(auto_fix_script="nope.sh", setup="make fix")
    assert not refused(auto_fix_script="train.py")
