"""What killed keepers left is cleared away when the sweep ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sweep_kit import wait_for

from core.hosts.slurm.kit import records, submitted, swept
from core.sweep.kit import opened
from sweeptree.hosts.slurm import clearing
from sweeptree.hosts.slurm.arrays import Place
from sweeptree.model import Attempt, JobState
from sweeptree.sweep.running import Sweep

DIES = "sleep 4711 & kill -KILL $PPID"  # the keeper's own end


def told_of(sweep: Sweep, number: int, node: str) -> None:
    sweep.paths.attempt(0, number, "alive").write_text(f'{{"host": "{node}"}}')


def test_the_node_of_a_killed_keeper_is_cleared(repo: Path, slurm: Path) -> None:
    swept(repo, DIES, slurm="partition=gpu,gres=gpu:1")
    assert records(repo)[0].state is JobState.LOST
    words = submitted(slurm)[1].split()
    assert "--partition=gpu" in words
    assert not [word for word in words if word.startswith(("--gres", "--array"))]
    wait_for(lambda: not list(slurm.glob("node/sweeptree-*/wt/*")))


def test_a_resumed_sweep_does_not_clear_again(repo: Path, slurm: Path) -> None:
    swept(repo, DIES)
    swept(repo, DIES, resume=True)
    names = [word for line in submitted(slurm) for word in line.split() if "clear-exp" in word]
    attempts = records(repo)[0].attempts
    assert len(names) == len(attempts)


def test_without_a_killed_keeper_nothing_is_submitted_for_it(repo: Path, slurm: Path) -> None:
    swept(repo, "exit 1")
    assert len(submitted(slurm)) == 1


def test_a_node_where_the_next_attempt_ran_is_clear(repo: Path, slurm: Path) -> None:
    with opened(repo, "true") as sweep:
        for number, node in enumerate(("n1", "n1", "n2"), 1):
            told_of(sweep, number, node)
        clearing.clear_after(sweep, [Place(0, 1), Place(0, 2)], _folder(sweep))
    assert [line for line in submitted(slurm) if "--nodelist=n1" in line]
    assert len(submitted(slurm)) == 1


def test_a_refusal_is_told_and_costs_nothing(repo: Path, slurm: Path) -> None:
    (slurm / "breaks").touch()
    said: list[str] = []
    with opened(repo, "true") as sweep:
        told_of(sweep, 1, "n1")
        heard = replace(sweep, tell=said.append)
        clearing.clear_after(heard, [Place(0, 1)], _folder(sweep))
    assert "goes with the next task of yours there" in said[0]


def test_lost_attempts_are_those_of_the_records(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        found = (Attempt(number=1, state=JobState.LOST), Attempt(number=2, state=JobState.FAILED))
        sweep.store.update(0, attempts=found)
        assert clearing.lost_attempts(sweep, sweep.prepared.jobs) == {Place(0, 1)}


def _folder(sweep: Sweep) -> Path:
    folder = sweep.paths.slurm / "0001"
    folder.mkdir(parents=True)
    return folder
