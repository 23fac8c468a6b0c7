"""What a plan says of hosts: their slots, and what is missing where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.hosts.lanes.script import GPU1, GPU2
from core.sweep.kit import make_spec
from sweeptree.errors import HostError, Refused, UsageError
from sweeptree.hosts.lanes.planning import OnHosts, Station
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, must_start, prepare


def planned(repo: Path, *stations: Station, **fields: object) -> PreparedSweep:
    spec = make_spec(repo, "a", "b", "c", "d", **fields)
    return prepare(spec, Settings(), planner=OnHosts(stations))


def test_all_slots_of_all_hosts_count(repo: Path) -> None:
    found = planned(repo, Station(GPU1, 1, "1 GPU"), Station(GPU2, 2))
    assert (found.parallel, found.gpus, found.refusals) == (3, 0, ())
    assert found.places == ("gpu1: 1 slot, 1 GPU", "gpu2: 2 slots")
    assert not [note for note in found.notes if "GPU" in note]


def test_parallel_bounds_all_hosts_together(repo: Path) -> None:
    assert planned(repo, Station(GPU1, 8), Station(GPU2, 8), parallel=2).parallel == 2


def test_a_host_that_cannot_be_used_refuses_the_sweep_with_its_own_words(repo: Path) -> None:
    trouble = HostError("gpu2 cannot be reached", host="gpu2", kind="unreachable")
    found = planned(repo, Station(GPU1, 1), Station(GPU2, 0, trouble=trouble))
    assert found.places[1] == "gpu2: not usable now"
    with pytest.raises(Refused, match="gpu2 cannot be reached"):
        must_start(found)


@pytest.mark.parametrize(
    ("hosts", "hint"),
    [("gpu1,other,gpu2", "--hosts gpu1,gpu2"), ("all", "sweeptree hosts remove other")],
)
def test_a_machine_under_two_names_is_refused(repo: Path, hosts: str, hint: str) -> None:
    other = replace(GPU1, name="other", data="/data")
    stations = [Station(host, 1) for host in (GPU1, other, GPU2)]
    (refusal,) = planned(repo, *stations, hosts=hosts).refusals
    assert refusal.message == (
        "gpu1 and other are the same machine (user@gpu1): a sweep needs it once"
    )
    assert refusal.hint == (hint,)


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"gpus": 3}, "3 GPUs$"), ({"gpu_mem": 48 * 1024}, r"1 GPU with 48\.0 GB$")],
)
def test_hosts_without_a_slot_are_refused_with_what_the_jobs_ask_for(
    repo: Path, fields: dict[str, object], said: str
) -> None:
    with pytest.raises(Refused, match=f"no host has a slot for jobs that ask for {said}"):
        must_start(planned(repo, Station(GPU1, 0), **fields))


def test_without_worktrees_there_is_nothing_to_run_in(repo: Path) -> None:
    with pytest.raises(UsageError, match="--hosts needs --use_worktree"):
        must_start(planned(repo, Station(GPU1, 1), use_worktree=False))


def test_there_are_threads_for_those_that_run_are_next_and_are_being_brought(repo: Path) -> None:
    found = planned(repo, Station(GPU1, 1))
    planner = OnHosts([Station(GPU1, 1)])
    assert (planner.lives(found), planner.turns(found)) == (3, None)


def test_no_more_jobs_are_offered_than_may_run_where_slots_stay_empty(repo: Path) -> None:
    stations = [Station(GPU1, 2), Station(GPU2, 2)]
    found = planned(repo, *stations, parallel=3)
    assert OnHosts(stations).lives(found) == 3
